"""What a watcher needs of the world, in one place: tests put a host in memory here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, Protocol

from django.conf import settings

from monitoring.database import Database
from monitoring.usage.usage import Samples
from provisioning.drivers import hostkeys, pool
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.target import LocalTarget, SshTarget, Target
from provisioning.targets import target_of, unproven_target
from sites.models import Host
from sites.models.host import stale_after

# A host that hangs must be noticed soon, whatever patience operations on it may need.
CALL_TIMEOUT_S: Final = 8.0


class Extras(Protocol):
    """Reads now and then what is not worth a watcher's own time."""

    def offer(self, host: Host, driver: HostDriver) -> None: ...


class UsageOfHosts(Protocol):
    """Samples what a host and its containers use, until what it gives back is closed."""

    def begin(self, host: int, driver: HostDriver) -> Samples: ...


@dataclass(frozen=True, slots=True)
class Means:
    database: Database
    extras: Extras
    usage: UsageOfHosts
    interval_s: float
    connect: Callable[[Target], HostDriver] = pool.host_driver
    shown_key: Callable[[Host], str] = lambda host: shown_key(host)
    ask_key_every_s: float = 6.0


def interval_s() -> float:
    """Seconds between reads: as set, but never so long that rows turn unknown in between."""
    return min(float(settings.MONITOR_INTERVAL_S), stale_after().total_seconds() / 3)


def impatient(target: Target) -> Target:
    """The same target with the monitor's own short time-outs, all along the way.

    Every host behind a jump host must name that one alike, or they would not share its connection.
    """
    command_s = min(target.command_timeout_s, CALL_TIMEOUT_S)
    if isinstance(target, LocalTarget):
        return replace(target, command_timeout_s=command_s)
    connect_s = min(target.connect_timeout_s, CALL_TIMEOUT_S)
    via = _impatient_jump(target.via) if target.via else None
    return replace(target, command_timeout_s=command_s, connect_timeout_s=connect_s, via=via)


def _impatient_jump(target: SshTarget) -> SshTarget:
    short = impatient(target)
    assert isinstance(short, SshTarget)  # noqa: S101 - for the type checker
    return short


def way_to(host: Host) -> Target:
    """How the monitor reaches the host. Raises DriverError."""
    with _blaming_no_host_for_its_jump_hosts(host):
        return impatient(target_of(host))


def shown_key(host: Host) -> str:
    """The key the host shows, learned without naming a user. Raises DriverError."""
    with _blaming_no_host_for_its_jump_hosts(host):
        target = impatient(unproven_target(host))
    assert isinstance(target, SshTarget)  # noqa: S101 - for the type checker
    return hostkeys.key_of(target)


@contextmanager
def _blaming_no_host_for_its_jump_hosts(host: Host) -> Iterator[None]:
    """When a jump host's key is not in order, this host is out of reach, its own key unharmed."""
    try:
        yield
    except DriverError as error:
        code = "unreachable" if error.code.startswith("host_key") else error.code
        raise DriverError(f"{host.name} cannot be reached: {error.message}", code) from None
