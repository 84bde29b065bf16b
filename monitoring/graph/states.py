"""How each kind of node is, from its row: pure functions. What is not known is never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from monitoring.graph.rows import ContainerRow, DomainRow, HostRow, ProxyRow, ServiceRow, Tally
from monitoring.graph.things import Status, Tone
from provisioning.certificates.judging import State as CertificateState
from sites.models import Container, Host, Site
from sites.models.container import UNKNOWN
from sites.models.host import stale_after

READ: Final = Container.Source.READ.value
HIDDEN: Final = "hidden"  # of a host of which only the name may be told
ATTACHED: Final = "attached"
_CONTAINERS: Final = {
    "running": Tone.GOOD, "paused": Tone.WARNING, "restarting": Tone.BUSY, "removing": Tone.BUSY,
    "dead": Tone.BAD,
}  # fmt: skip
_HOSTS: Final = {
    Host.State.REACHABLE: Tone.GOOD, Host.State.UNREACHABLE: Tone.BAD,
    Host.State.KEY_CHANGED: Tone.BAD, Host.State.NO_DOCKER: Tone.WARNING,
    Host.State.KEY_UNAPPROVED: Tone.WARNING,
}  # fmt: skip
_CERTIFICATES: Final = {
    CertificateState.OK: Tone.GOOD, CertificateState.SOON: Tone.WARNING,
    CertificateState.DIFFERS: Tone.WARNING, CertificateState.UNKNOWN: Tone.UNKNOWN,
    CertificateState.OFF: Tone.STILL,
}  # fmt: skip
_ILL: Final = frozenset({"unhealthy"})


def unknown_since(host: HostRow, now: datetime) -> datetime | None:
    """Since when nothing on this host is known; None while it is. As `sites.schemas` has it."""
    read = host.inventory_at
    fresh = host.state == Host.State.REACHABLE and read and read >= now - stale_after()
    return None if fresh else read or host.state_since


def of_host(host: HostRow, now: datetime) -> Status:
    """A host that is called reachable and was not looked at for too long is unknown as well."""
    lost = unknown_since(host, now)
    if host.state == Host.State.REACHABLE and lost:
        return unknown(lost, last=host.state)
    tone = _HOSTS.get(Host.State(host.state), Tone.STILL)
    return Status(host.state, tone, host.state_since, host.inventory_at or host.state_since, READ)


def of_container(row: ContainerRow, host: HostRow, lost: datetime | None) -> Status:
    seen = max(row.observed_at, host.inventory_at or row.observed_at)
    if lost:
        return unknown(seen, last=row.state)
    source = row.source if row.observed_at >= seen else READ
    word, tone = of_run(row.state, row.health, row.exit_code)
    return Status(word, tone, row.state_since, seen, source)


def of_run(state: str, health: str, exit_code: int | None) -> tuple[str, Tone]:
    """Docker's word, or what its health check says of one that runs."""
    if state == UNKNOWN:
        return state, Tone.UNKNOWN
    if state == "exited":
        return state, Tone.BAD if exit_code else Tone.STILL
    if state == "running" and health in _ILL:
        return health, Tone.BAD
    if state == "running" and health == "starting":
        return health, Tone.BUSY
    return state, _CONTAINERS.get(state, Tone.STILL)


def of_site(
    stage: str, tallies: Sequence[Tally], seen: datetime | None, lost: datetime | None
) -> Status:
    """Of all its containers together; those that ended without an error have done their work."""
    if stage != Site.Stage.LIVE:
        busy = stage == Site.Stage.PROVISIONING
        return Status(stage, Tone.BUSY if busy else Tone.STILL)
    running = sum(one.number for one in tallies if one.state == "running")
    if lost:
        return unknown(lost, last="running" if running else "stopped")
    if not tallies:
        return Status("empty", Tone.STILL, None, seen, READ)
    ill = any(map(_is_ill, tallies))
    if running:
        found, tone = ("impaired", Tone.WARNING) if ill else ("running", Tone.GOOD)
    else:
        found, tone = "stopped", Tone.BAD if ill else Tone.STILL
    return Status(found, tone, None, seen, READ)


def _is_ill(one: Tally) -> bool:
    ended = one.state == "exited" and one.failed
    return ended or one.state in ("dead", "restarting", "paused") or one.health in _ILL


def of_domain(row: DomainRow) -> Status:
    """Of its certificate, as it was last seen."""
    state = CertificateState(row.state)
    if state == CertificateState.UNKNOWN:
        return unknown(row.checked_at or row.created_at)
    tone = _CERTIFICATES.get(state, Tone.BAD)
    return Status(state.value, tone, None, row.checked_at, "certificate")


def of_proxy(
    row: ProxyRow, service: ServiceRow | None, container: Status | None, lost: datetime | None
) -> Status:
    """Of its container or its service; with what it could not load, it is not in order."""
    if lost:
        return unknown(lost)
    if row.container:
        status = container or Status("missing", Tone.BAD, None, None, READ)
    elif service is None or not service.active or service.at is None:
        return unknown(row.loaded_at)
    else:
        tone = Tone.GOOD if service.active == "active" else Tone.BAD
        status = Status(service.active, tone, None, service.at, "services")
    if row.error and status.tone == Tone.GOOD:
        return Status("not loaded", Tone.WARNING, None, status.seen_at, status.source)
    return status


def of_attached(host: HostRow, lost: datetime | None) -> Status:
    """A network or a volume: that containers hang on it is all that is known of it."""
    if lost:
        return unknown(lost, last=ATTACHED)
    return Status(ATTACHED, Tone.STILL, None, host.inventory_at, READ)


def unknown(since: datetime | None, *, last: str = "") -> Status:
    return Status(UNKNOWN, Tone.UNKNOWN, None, since, READ, since, last)
