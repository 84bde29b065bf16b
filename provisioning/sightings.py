"""From what one read of a container shows to the columns of its row. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from provisioning.drivers.containers import ContainerState
from sites.models import Container

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
HASH_LABEL = "com.docker.compose.config-hash"
NEEDS_LABEL = "com.docker.compose.depends_on"
MOST_ATTACHED = 50  # of each kind, of one container
_ENDED = {"exited", "dead", "restarting"}
_FROM_FULL_READ_ONLY = ("exit_code", "restart_count", "created_at", "started_at", "finished_at")


@dataclass(frozen=True, slots=True)
class Told:
    """What an event says of a container's state without a look at it."""

    state: str
    exit_code: int | None = None


class Labelled(Protocol):
    """A container, network or volume."""

    @property
    def labels(self) -> Mapping[str, str]: ...


def project(state: Labelled) -> str:
    """The compose project it belongs to; "" when it belongs to none."""
    return state.labels.get(PROJECT_LABEL, "")[:255]


def service(state: Labelled) -> str:
    """The service of its compose project; "" when it belongs to none."""
    return state.labels.get(SERVICE_LABEL, "")


def needs(state: Labelled) -> list[str]:
    """The services it waits for, from "db:service_healthy:false,cache:service_started:true"."""
    parts = state.labels.get(NEEDS_LABEL, "").split(",")
    return sorted({part.partition(":")[0].strip()[:255] for part in parts} - {""})


def columns(state: ContainerState) -> dict[str, Any]:
    """The columns of a container seen for the first time."""
    values = _described(state)
    if state.complete:
        values |= {name: getattr(state, name) for name in _FROM_FULL_READ_ONLY}
    else:
        values |= {"created_at": state.created_at, "exit_code": state.exit_code}
    return values


def updates(state: ContainerState) -> dict[str, Any]:
    """The columns that this read may change on a row that is there.

    A short listing names images in its own way and leaves the health of whatever does not run
    out, so only its state counts.
    """
    if state.complete:
        return columns(state)
    ended = {"exit_code": state.exit_code} if state.state in _ENDED else {}
    return {"state": state.state, **ended}


def differs(row: Container, values: dict[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def began(state: ContainerState, at: datetime) -> datetime:
    """When the state began as far as Docker says it; else the time of the read."""
    if state.state in _ENDED:
        return state.finished_at or at
    if state.state == "created":
        return state.created_at or at
    if state.state == "running":
        return state.started_at or at
    return at


def began_anew(row: Container, state: ContainerState) -> bool:
    """Another state, or the same one from another moment on: an event told it before it was read,
    or a restart was over before anybody looked."""
    if row.state != state.state:
        return True
    if not state.complete:
        return False
    if state.state == "running":
        return row.started_at != state.started_at
    return state.state in _ENDED and row.finished_at != state.finished_at


def attached(state: ContainerState) -> dict[str, list[str]]:
    """What it hangs on: networks, volumes, and services of its own project."""
    return {
        "networks": list(state.networks[:MOST_ATTACHED]),
        "volumes": list(state.volumes[:MOST_ATTACHED]),
        "needs": needs(state)[:MOST_ATTACHED],
    }


def _described(state: ContainerState) -> dict[str, Any]:
    return {
        "name": state.name[:255],
        "image": state.image[:512],
        "image_id": state.image_id[:80],
        "state": state.state,
        "health": state.health,
        "ports": [asdict(port) for port in state.ports],
        "labels": state.labels,
        "attached": attached(state),
        "compose_project": project(state),
        "compose_service": state.labels.get(SERVICE_LABEL, "")[:255],
    }
