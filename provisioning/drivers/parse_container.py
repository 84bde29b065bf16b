"""Pure functions from the Engine API's JSON (1.41 and later) to ContainerState.

Labels, names and statuses are chosen by whoever starts a container; a compromised host may send
anything at all. What does not fit is left out; what cannot be a container is ``garbage``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from provisioning.drivers.containers import ContainerState, Port
from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import storable

MAX_NAME = 255
MAX_LABELS = 200
MAX_LABEL_CHARS = 4096
MAX_PORTS = 200
MAX_ATTACHED = 200  # networks, and volumes, of one container
MAX_INT: Final = 2**31 - 1  # what a PostgreSQL integer column holds
_YEAR_3000: Final = 32_503_680_000

STATES: Final = frozenset(
    {"created", "running", "paused", "restarting", "removing", "exited", "dead"}
)
# Podman, behind Docker's API, has more of them.
_OTHER_STATES: Final = {
    "configured": "created",
    "initialized": "created",
    "stopping": "running",
    "stopped": "exited",
}
_ENDED: Final = frozenset({"exited", "dead", "restarting"})
_ID = re.compile(r"[0-9a-f]{12,64}")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_HEALTH = re.compile(r"\((healthy|unhealthy|health: starting)\)")
_EXIT_CODE = re.compile(r"\A(?:Exited|Restarting) \((-?[0-9]{1,10})\)")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


def from_listing(row: object) -> ContainerState:
    """One element of ``GET /containers/json``; times and restarts are not in it."""
    data = _mapping(row)
    state = _state(data.get("State"))
    status = _text(data.get("Status"), MAX_NAME)
    return ContainerState(
        docker_id=_docker_id(data.get("Id")),
        name=_listed_name(data.get("Names")),
        image=_text(data.get("Image"), MAX_NAME),
        image_id=_text(data.get("ImageID"), MAX_NAME),
        state=state,
        health=_listed_health(status),
        exit_code=_listed_exit_code(status) if state in _ENDED else None,
        labels=labels_of(data.get("Labels")),
        ports=_listed_ports(data.get("Ports")),
        networks=_networks(data.get("NetworkSettings")),
        addresses=_addresses(data.get("NetworkSettings")),
        volumes=_volumes(data.get("Mounts")),
        created_at=_from_epoch(data.get("Created")),
        complete=False,
    )


def from_inspect(answer: object) -> ContainerState:
    """The answer of ``GET /containers/{id}/json``."""
    data = _mapping(answer)
    inner = _mapping(data.get("State"))
    config = _mapping(data.get("Config") or {})
    network = _mapping(data.get("NetworkSettings") or {})
    state = _state(inner.get("Status"))
    return ContainerState(
        docker_id=_docker_id(data.get("Id")),
        name=_text(data.get("Name"), MAX_NAME + 1).removeprefix("/")[:MAX_NAME],
        image=_text(config.get("Image"), MAX_NAME),
        image_id=_text(data.get("Image"), MAX_NAME),
        state=state,
        health=_health(inner.get("Health")),
        exit_code=_integer(inner.get("ExitCode")) if state in _ENDED else None,
        restart_count=max(0, _integer(data.get("RestartCount")) or 0),
        labels=labels_of(config.get("Labels")),
        ports=_inspected_ports(network.get("Ports")),
        networks=_networks(network),
        addresses=_addresses(network),
        volumes=_volumes(data.get("Mounts")),
        created_at=parse_time(data.get("Created")),
        started_at=parse_time(inner.get("StartedAt")),
        finished_at=parse_time(inner.get("FinishedAt")),
    )


def parse_time(value: object) -> datetime | None:
    """RFC 3339 with up to nine decimals, as UTC; None for Docker's year 1 and for nonsense."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    decimals = (found[2] or "0")[:6].ljust(6, "0")
    zone = "+00:00" if found[3] == "Z" else found[3]
    try:
        moment = datetime.fromisoformat(f"{found[1]}.{decimals}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 1 else None


def _garbage(what: str) -> DriverError:
    return DriverError(f"Docker's description of a container has no {what}", "garbage")


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _garbage("readable form")
    return value


def _text(value: object, limit: int) -> str:
    return storable(value, limit=limit) if isinstance(value, str) else ""


def _integer(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if -MAX_INT <= value <= MAX_INT else None


def _docker_id(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise _garbage("id")
    return value


def _state(value: object) -> str:
    state = _OTHER_STATES.get(value, value) if isinstance(value, str) else ""
    if state not in STATES:
        raise _garbage("known state")
    return state


def _listed_name(value: object) -> str:
    """The container's own name; with links there are others, which have a second slash."""
    names = [_text(name, MAX_NAME + 1) for name in value] if isinstance(value, list) else []
    own = [name for name in names if name.count("/") <= 1]
    return (own or names or [""])[0].removeprefix("/")[:MAX_NAME]


def _listed_health(status: str) -> str:
    found = _HEALTH.search(status)
    return "" if found is None else found[1].removeprefix("health: ")


def _listed_exit_code(status: str) -> int | None:
    found = _EXIT_CODE.match(status)
    return None if found is None else _integer(int(found[1]))


def _health(value: object) -> str:
    status = value.get("Status") if isinstance(value, dict) else None
    return status if status in ("healthy", "unhealthy", "starting") else ""


def labels_of(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    kept = list(value.items())[:MAX_LABELS]
    return {
        _text(key, MAX_NAME): _text(text, MAX_LABEL_CHARS)
        for key, text in kept
        if isinstance(key, str) and isinstance(text, str)
    }


def _networks(value: object) -> tuple[str, ...]:
    return tuple(sorted({_text(name, MAX_NAME) for name in _attached(value)} - {""}))


def _addresses(value: object) -> tuple[str, ...]:
    ends = (end for end in _attached(value).values() if isinstance(end, dict))
    found = {_text(end.get("IPAddress"), 15) for end in ends}
    return tuple(sorted(one for one in found if _ADDRESS.fullmatch(one)))


def _attached(value: object) -> dict[str, Any]:
    named = value.get("Networks") if isinstance(value, dict) else None
    return dict(list(named.items())[:MAX_ATTACHED]) if isinstance(named, dict) else {}


def _volumes(value: object) -> tuple[str, ...]:
    """Binds have no name of their own."""
    rows = value[:MAX_ATTACHED] if isinstance(value, list) else []
    named = (row for row in rows if isinstance(row, dict) and row.get("Type") == "volume")
    return tuple(sorted({_text(row.get("Name"), MAX_NAME) for row in named} - {""}))


def _listed_ports(value: object) -> tuple[Port, ...]:
    rows = value[:MAX_PORTS] if isinstance(value, list) else []
    found = (
        _port(row.get("PrivatePort"), row.get("Type"), row.get("PublicPort"), row.get("IP"))
        for row in rows
        if isinstance(row, dict)
    )
    return tuple(sorted({port for port in found if port is not None}, key=_port_order))


def _inspected_ports(value: object) -> tuple[Port, ...]:
    found: set[Port] = set()
    for key, bindings in list(value.items())[:MAX_PORTS] if isinstance(value, dict) else []:
        private, _, protocol = str(key).partition("/")
        rows = bindings[:MAX_PORTS] if isinstance(bindings, list) and bindings else [{}]
        for row in rows:
            if isinstance(row, dict):
                port = _port(private, protocol, row.get("HostPort"), row.get("HostIp"))
                found |= {port} if port is not None else set()
    return tuple(sorted(found, key=_port_order)[:MAX_PORTS])


def _port(private: object, protocol: object, public: object, address: object) -> Port | None:
    inner, kind = _port_number(private), _text(protocol, 10)
    if inner is None or kind not in ("tcp", "udp", "sctp"):
        return None
    return Port(inner, kind, _port_number(public), _text(address, 45))


def _port_number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 5:
        value = int(value)
    number = _integer(value)
    return number if number is not None and 0 < number <= 65535 else None


def _port_order(port: Port) -> tuple[int, str, int, str]:
    return port.private, port.protocol, port.public or 0, port.address


def _from_epoch(value: object) -> datetime | None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _YEAR_3000:
        return None
    return datetime.fromtimestamp(value, UTC)
