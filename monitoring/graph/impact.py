"""What breaks if this stops? A pure function over the graph.

Two levels: what *stops* can do nothing without it; what is *affected* goes on without something
that it needs.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from monitoring.graph.things import Edge, Graph, Kind, Link


class Level(StrEnum):
    STOPS = "stops"
    AFFECTED = "affected"


@dataclass(frozen=True, slots=True)
class Hit:
    """``because`` of an edge of this kind to ``via``, which is hit itself or what stopped."""

    id: str
    level: Level
    because: Link
    via: str


def breaks(graph: Graph, stopped: str) -> tuple[Hit, ...]:
    """What is hit when this node stops: nearest first, without the node itself."""
    found: dict[str, Hit] = {}
    waiting = deque([stopped])
    while waiting:
        node = waiting.popleft()
        if node in found and found[node].because == Link.BACKS_UP_TO:
            continue  # it is not backed up any more, and that is all
        worst = found[node].level if node in found else Level.STOPS
        for edge in graph.needed_by.get(node, ()):
            level = _level(graph, edge, worst, found, stopped)
            known = found.get(edge.source)
            if level is None or edge.source == stopped:
                continue
            if known is None or (known.level == Level.AFFECTED and level == Level.STOPS):
                found[edge.source] = Hit(edge.source, level, edge.kind, node)
                waiting.append(edge.source)
    return tuple(sorted(found.values(), key=lambda hit: hit.level != Level.STOPS))


def _level(
    graph: Graph, edge: Edge, worst: Level, found: dict[str, Hit], stopped: str
) -> Level | None:
    """What the node at the edge's beginning comes to when the one at its end is hit so."""
    source = graph.by_id.get(edge.source)
    if source is None or (edge.kind == Link.ROUTES and source.kind == Kind.PROXY):
        return None  # a proxy goes on when a site of its does not
    if worst == Level.AFFECTED:
        # What merely lacks something is up still: who asks it may notice, who stands on it stands.
        return Level.AFFECTED if edge.kind in (Link.DEPENDS_ON, Link.ROUTES) else _part(source.kind)
    if edge.kind in (Link.CONNECTS, Link.MOUNTS, Link.BACKS_UP_TO):
        return Level.AFFECTED
    if source.kind == Kind.SITE and edge.kind == Link.RUNS_ON:
        return Level.STOPS if _all_stop(graph, source.id, found, stopped) else Level.AFFECTED
    if source.kind == Kind.CONTAINER and edge.kind == Link.DEPENDS_ON:
        return Level.AFFECTED
    return Level.STOPS


def _part(kind: Kind) -> Level | None:
    return Level.AFFECTED if kind == Kind.SITE else None


def _all_stop(graph: Graph, site: str, found: dict[str, Hit], stopped: str) -> bool:
    """Whether none of what the site runs on goes on."""

    def is_down(key: str) -> bool:
        return key == stopped or (key in found and found[key].level == Level.STOPS)

    runs_on = [edge.target for edge in graph.needs.get(site, ()) if edge.kind == Link.RUNS_ON]
    hosts = [key for key in runs_on if graph.by_id[key].kind == Kind.HOST]
    parts = [key for key in runs_on if key not in hosts]
    return any(map(is_down, hosts)) or (bool(parts) and all(map(is_down, parts)))
