"""What Docker says of a container, read defensively: every field may be missing or hostile."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Port:
    """One published or exposed port; ``public`` is None when it is not published."""

    private: int
    protocol: str
    public: int | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class ContainerState:
    """A container as one read of the Docker Engine API (1.41) shows it.

    ``state`` is one of Docker's own: created, running, paused, restarting, removing, exited, dead.
    ``health`` is healthy, unhealthy, starting or "" (no health check). Times are UTC.
    """

    docker_id: str
    name: str
    image: str
    image_id: str
    state: str
    health: str = ""
    exit_code: int | None = None
    restart_count: int = 0
    labels: dict[str, str] = field(default_factory=dict)
    ports: tuple[Port, ...] = ()
    networks: tuple[str, ...] = ()  # it is attached to
    addresses: tuple[str, ...] = ()  # IPv4, in these networks while it runs
    volumes: tuple[str, ...] = ()  # named or anonymous ones it mounts
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    complete: bool = True  # False: from the short listing, which lacks exit code, times, restarts
