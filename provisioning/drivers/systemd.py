"""systemd's services on a host: argv builders, parsers, and the few calls made of them."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Final

from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver, Result
from provisioning.drivers.hostile import printable

# systemd.unit(5); a name that begins with "-" would be read as an option.
UNIT_PATTERN: Final = r"^[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\\-]*\.service$"
_UNIT = re.compile(r"[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\\-]*\.service")
_PROPERTIES: Final = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "MainPID",
    "ActiveEnterTimestamp",
)
_SETTLED: Final = frozenset({"active", "failed", "inactive"})
_MAX_NAME = 255
_MAX_SERVICES = 2_000
_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Service:
    """One unit as ``systemctl list-units`` shows it, e.g. loaded, active, running."""

    name: str
    load: str
    active: str
    sub: str
    description: str


def list_argv() -> tuple[str, ...]:
    """Every service unit in memory, one line each without legend or colour."""
    return (
        "systemctl",
        "list-units",
        "--type=service",
        "--all",
        "--no-pager",
        "--no-legend",
        "--plain",
        "--full",
    )


def restart_argv(name: str) -> tuple[str, ...]:
    return ("systemctl", "restart", "--", checked_unit(name))


def show_argv(name: str) -> tuple[str, ...]:
    properties = ",".join(_PROPERTIES)
    return ("systemctl", "show", "--no-pager", f"--property={properties}", "--", checked_unit(name))


def checked_unit(name: str) -> str:
    """The name, if it can be a service's; DriverError ``bad_argument`` otherwise."""
    if len(name) > _MAX_NAME or not _UNIT.fullmatch(name):
        shown = printable(name, limit=100)
        raise DriverError(f"not the name of a systemd service: {shown}", "bad_argument")
    return name


def parse_services(text: str) -> tuple[Service, ...]:
    """The lines of :func:`list_argv`: four columns and a description that may be empty."""
    found = (_parse_line(line) for line in text.splitlines())
    return tuple(service for service in found if service is not None)[:_MAX_SERVICES]


def _parse_line(line: str) -> Service | None:
    # Before systemd 246, --plain still marks failed units with a dot.
    words = line.lstrip(" ●*").split(None, 4)
    if len(words) < 4 or not _UNIT.fullmatch(words[0]) or len(words[0]) > _MAX_NAME:
        return None
    name, load, active, sub = (printable(word, limit=_MAX_NAME) for word in words[:4])
    description = printable(words[4], limit=_MAX_NAME) if len(words) > 4 else ""
    return Service(name, load, active, sub, description)


def parse_properties(text: str) -> dict[str, str]:
    """The lines of :func:`show_argv`; properties that systemd does not know are empty."""
    found = dict.fromkeys(_PROPERTIES, "")
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and key in found:
            found[key] = printable(value, limit=_MAX_NAME)
    return found


def list_services(host: HostDriver) -> tuple[Service, ...]:
    """DriverError ``command_failed`` where there is no systemd."""
    return parse_services(_succeeded(host, host.run(list_argv())).stdout)


def read_unit(host: HostDriver, name: str) -> dict[str, str]:
    """The unit's state: ActiveState, SubState and the rest; ``not_found`` if there is no such."""
    unit = parse_properties(_succeeded(host, host.run(show_argv(name))).stdout)
    if unit["LoadState"] == "not-found":
        raise DriverError(f"{host.name}: there is no service {name}", "not_found")
    return unit


def wait_active(host: HostDriver, name: str, *, timeout_s: float) -> dict[str, str]:
    """The unit's state once it settled (active, failed or inactive), or after ``timeout_s``."""
    end = time.monotonic() + timeout_s
    while True:
        unit = read_unit(host, name)
        if unit["ActiveState"] in _SETTLED or time.monotonic() >= end:
            return unit
        time.sleep(_POLL_S)  # systemctl cannot wait for a unit to settle


def _succeeded(host: HostDriver, result: Result) -> Result:
    if result.exit_code:
        said = printable(result.stderr or result.stdout, limit=300)
        raise DriverError(f"{host.name}: systemctl failed: {said}", "command_failed")
    return result
