"""Parts of a graph: what is in some state, and big ones with their sites collapsed. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from monitoring.graph.things import Edge, Graph, Kind, Node, Status, Tone

GROUP_ABOVE: Final = 300  # nodes; beyond it nobody sees more than lines
LOOSE_SHOWN: Final = 20  # containers of one host that belong to no site
_WORST_FIRST: Final = list(Tone)


def in_states(graph: Graph, wanted: Collection[str]) -> Graph:
    """The nodes of these tones, and what they are linked with at once."""
    if not wanted:
        return graph
    matching = {node.id for node in graph.nodes if node.status.tone in wanted}
    edges = [edge for edge in graph.edges if matching & {edge.source, edge.target}]
    kept = matching | {end for edge in edges for end in (edge.source, edge.target)}
    return _with(graph, {key: key for key in kept}, {})


def collapsed(graph: Graph) -> Graph:
    """Each site stands for all that is its own; what several share is left out.

    Containers of no site stay while there are few of them on their host, else one node stands for
    them.
    """
    stands = {node.id: node.id for node in graph.nodes if node.kind in _STAY}
    stands |= {node.id: f"site:{node.site}" for node in graph.nodes if node.kind not in _STAY
               and node.site is not None and f"site:{node.site}" in graph.by_id}  # fmt: skip
    loose, groups = _loose(graph, stands)
    stands |= loose
    extras = _counts(graph, stands)
    kept = _with(graph, stands, extras)
    return Graph((*kept.nodes, *groups), kept.edges)


_STAY: Final = frozenset({Kind.PROXY, Kind.SITE, Kind.HOST, Kind.NAS})


def _loose(graph: Graph, stands: Mapping[str, str]) -> tuple[dict[str, str], list[Node]]:
    of_host: dict[int | None, list[Node]] = defaultdict(list)
    for node in graph.of_kind(Kind.CONTAINER):
        if node.id not in stands:
            of_host[node.host].append(node)
    found: dict[str, str] = {}
    groups = []
    for host, nodes in of_host.items():
        if len(nodes) <= LOOSE_SHOWN:
            found |= {node.id: node.id for node in nodes}
            continue
        group = _group(f"containers:{host}", nodes)
        groups.append(group)
        found |= {node.id: group.id for node in nodes}
    return found, groups


def _group(key: str, nodes: list[Node]) -> Node:
    first = nodes[0]
    worst = min((node.status for node in nodes), key=lambda one: _WORST_FIRST.index(one.tone))
    running = sum(node.status.word == "running" for node in nodes)
    status = Status(worst.word, worst.tone, None, worst.seen_at, worst.source, worst.unknown_since)
    counts = {"containers": len(nodes), "running": running}
    name = f"{len(nodes)} containers of no site"
    detail = f"{running} of {len(nodes)} running"
    return Node(key, Kind.CONTAINER, name, status, None, first.host, first.host_name,
                detail=detail, counts=counts, collapsed=True)  # fmt: skip


def _counts(graph: Graph, stands: Mapping[str, str]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for node in graph.nodes:
        place = stands.get(node.id, node.id)
        if place != node.id and node.kind in (Kind.DOMAIN, Kind.NETWORK, Kind.VOLUME):
            found[place][f"{node.kind}s"] += 1
    return found


def _with(
    graph: Graph, stands: Mapping[str, str], extras: Mapping[str, Mapping[str, int]]
) -> Graph:
    """The nodes that stand for themselves or for others, and the edges between these."""
    is_whole = all(key == place for key, place in stands.items())
    nodes = [
        node if is_whole or node.kind != Kind.SITE
        else replace(node, counts={**node.counts, **extras.get(node.id, {})}, collapsed=True)
        for node in graph.nodes if stands.get(node.id) == node.id
    ]  # fmt: skip
    edges: dict[tuple[str, str], Edge] = {}
    for edge in graph.edges:
        source, target = stands.get(edge.source), stands.get(edge.target)
        if source is None or target is None or source == target:
            continue
        if graph.by_id[edge.source].kind == Kind.DOMAIN and source != edge.source:
            continue  # the proxy leads to the site already
        implied = edge.implied and not (source != edge.source or target != edge.target)
        made = Edge(source, target, edge.kind, implied and is_whole)
        edges.setdefault((source, target), made)
    return Graph(tuple(nodes), tuple(edges.values()))
