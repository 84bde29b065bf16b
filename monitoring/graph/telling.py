"""The one JSON shape of the graph, for API, socket, command and page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from ninja import Field, Schema

from monitoring.graph.impact import Hit
from monitoring.graph.things import Edge, Graph, Node, Status


class NodeMetrics(Schema):
    """The latest readings, of the minute that began ``at``. CPU in percent of one core."""

    at: datetime
    cpu_percent: float | None
    memory_bytes: float | None
    memory_limit_bytes: float | None


class NodeBackupStatus(Schema):
    """``state``: fresh, stale, shrunken, missing or unknown; ``at``: of the last backup."""

    state: str
    tone: str
    at: datetime | None


class GraphNode(Schema):
    """``kind``: domain, proxy, site, container, network, volume, host or nas. ``key`` is the key of
    its row, ``host`` and ``site`` those of what it is part of.

    ``state`` is its own word, ``tone`` what that comes to: bad, warning, unknown, busy, still or
    good. ``seen_at`` tells when it was last confirmed, ``source`` by what. While it is unknown,
    ``unknown_since`` is not null and ``last_state`` is what it was then. Of a host of which only
    the name may be told, the state is "hidden".

    ``collapsed``: it stands for ``counts`` things that are not listed; a site is opened by
    ``?site=``."""

    id: str
    kind: str
    key: int | None
    name: str
    detail: str
    host: int | None
    host_name: str
    site: int | None
    state: str
    tone: str
    state_since: datetime | None
    seen_at: datetime | None
    source: str
    unknown_since: datetime | None
    last_state: str
    metrics: NodeMetrics | None
    backup: NodeBackupStatus | None
    counts: dict[str, int]
    collapsed: bool


class GraphEdge(Schema):
    """From what needs something to what is needed. ``kind``: routes, runs-on, connects, mounts,
    backs-up-to or depends-on. ``implied``: it need not be drawn, as others lead there as well."""

    source: str
    target: str
    kind: str
    implied: bool


class GraphOut(Schema):
    """``grouped``: sites are collapsed. ``nas_connected`` is null where no NAS is known."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]
    grouped: bool
    nas_connected: bool | None
    nas_error: str
    generated_at: datetime


class ImpactHit(Schema):
    """``level``: stops or affected. ``because``: the kind of the edge that leads to ``via``."""

    id: str
    kind: str
    name: str
    level: str
    because: str
    via: str


class ImpactOut(Schema):
    """What breaks if the node ``id`` stops."""

    id: str
    name: str
    hits: list[ImpactHit] = Field(description="what stops, then what is affected")


def node_out(node: Node) -> dict[str, Any]:
    status = node.status
    return {
        "id": node.id,
        "kind": node.kind.value,
        "key": node.key,
        "name": node.name,
        "detail": node.detail,
        "host": node.host,
        "host_name": node.host_name,
        "site": node.site,
        **state_out(status),
        "metrics": asdict(node.metrics) if node.metrics else None,
        "backup": asdict(node.backup) if node.backup else None,
        "counts": dict(node.counts),
        "collapsed": node.collapsed,
    }


def state_out(status: Status) -> dict[str, Any]:
    """What of a node changes from one moment to the next."""
    return {
        "state": status.word,
        "tone": status.tone.value,
        "seen_at": status.seen_at,
        "source": status.source,
        "unknown_since": status.unknown_since,
        "state_since": status.since,
        "last_state": status.last,
    }


def edge_out(edge: Edge) -> dict[str, Any]:
    return {"source": edge.source, "target": edge.target, "kind": edge.kind.value,
            "implied": edge.implied}  # fmt: skip


def graph_out(
    graph: Graph, *, at: datetime, grouped: bool, nas: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "nodes": [node_out(node) for node in graph.nodes],
        "edges": [edge_out(edge) for edge in graph.edges],
        "grouped": grouped,
        **nas,
        "generated_at": at,
    }


def impact_out(graph: Graph, node: Node, hits: Sequence[Hit]) -> dict[str, Any]:
    return {"id": node.id, "name": node.name, "hits": [_hit_out(graph, hit) for hit in hits]}


def _hit_out(graph: Graph, hit: Hit) -> dict[str, Any]:
    node = graph.by_id[hit.id]
    return {
        "id": node.id,
        "kind": node.kind.value,
        "name": node.name,
        "level": hit.level.value,
        "because": hit.because.value,
        "via": hit.via,
    }
