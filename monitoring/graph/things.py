"""The graph as values. An edge leads from what needs something to what is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property


class Kind(StrEnum):
    """In the order in which they are drawn, from what visitors ask to what all stands on."""

    DOMAIN = "domain"
    PROXY = "proxy"
    SITE = "site"
    CONTAINER = "container"
    NETWORK = "network"
    VOLUME = "volume"
    HOST = "host"
    NAS = "nas"


class Link(StrEnum):
    ROUTES = "routes"
    RUNS_ON = "runs-on"
    CONNECTS = "connects"
    MOUNTS = "mounts"
    BACKS_UP_TO = "backs-up-to"
    DEPENDS_ON = "depends-on"


class Tone(StrEnum):
    """What a state comes to, the worst first."""

    BAD = "bad"
    WARNING = "warning"
    UNKNOWN = "unknown"
    BUSY = "busy"
    STILL = "still"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Metrics:
    """The latest readings: CPU in percent of one core, memory in bytes."""

    at: datetime
    cpu_percent: float | None
    memory_bytes: float | None
    memory_limit_bytes: float | None


@dataclass(frozen=True, slots=True)
class Backup:
    """``state`` in the words of `provisioning.backups`; ``at`` is when the last one was made."""

    state: str
    tone: Tone
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """``since`` when it is so; ``seen_at`` when that was last confirmed, and by what ``source``.
    While it is unknown, ``unknown_since`` is not None and ``last`` what it was then."""

    word: str
    tone: Tone
    since: datetime | None = None
    seen_at: datetime | None = None
    source: str = ""
    unknown_since: datetime | None = None
    last: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """``key`` is its row's; ``host`` and ``site`` are the keys of what it is part of."""

    id: str
    kind: Kind
    name: str
    status: Status
    key: int | None = None
    host: int | None = None
    host_name: str = ""
    site: int | None = None
    detail: str = ""
    metrics: Metrics | None = None
    backup: Backup | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    collapsed: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """``implied``: other edges lead there as well, so that it need not be drawn."""

    source: str
    target: str
    kind: Link
    implied: bool = False


@dataclass(frozen=True)
class Graph:
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()

    @cached_property
    def by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def needed_by(self) -> dict[str, list[Edge]]:
        """The edges that lead to a node."""
        return _by(self.edges, "target")

    @cached_property
    def needs(self) -> dict[str, list[Edge]]:
        """The edges that lead from a node."""
        return _by(self.edges, "source")

    def of_kind(self, kind: Kind) -> Iterator[Node]:
        return (node for node in self.nodes if node.kind == kind)


def _by(edges: tuple[Edge, ...], end: str) -> dict[str, list[Edge]]:
    found: dict[str, list[Edge]] = {}
    for edge in edges:
        found.setdefault(getattr(edge, end), []).append(edge)
    return found
