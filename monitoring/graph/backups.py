"""What the graph tells of backups: each NAS as a node, and a badge on each site that has some.

A NAS is a host that keeps backups. Whoever sees a site is told where its backups go, and of that
NAS no more than its name unless they see it as a host.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from monitoring.graph.states import HIDDEN, unknown
from monitoring.graph.things import Backup, Edge, Graph, Kind, Link, Node, Status, Tone
from provisioning.backups.judging import State
from provisioning.backups.states import (
    NasStatus,
    NodeBackupStatus,
    judged,
    nas_of_sites,
    nas_states,
)
from sites.models import Host
from sites.rights import Viewer

SOURCE: Final = "nas"  # a look at the NAS
_TONES: Final = {
    State.FRESH: Tone.GOOD, State.STALE: Tone.WARNING, State.SHRUNKEN: Tone.WARNING,
    State.MISSING: Tone.BAD, State.UNKNOWN: Tone.UNKNOWN,
}  # fmt: skip


@dataclass(frozen=True)
class Backups:
    """``states`` by key of the site, ``folders`` by key of the NAS, as far as it is seen."""

    states: Mapping[int, NodeBackupStatus]
    folders: Mapping[int, list[NasStatus]]
    names: Mapping[int, str]


def with_backups(graph: Graph, user: Viewer, *, now: datetime) -> tuple[Graph, dict[str, Any]]:
    """The graph, and ``nas_connected`` and ``nas_error``; four queries."""
    folders: defaultdict[int, list[NasStatus]] = defaultdict(list)
    for one in nas_states(user, now=now):
        folders[one.nas].append(one)
    keys = [node.key for node in graph.of_kind(Kind.SITE) if node.key is not None]
    states = judged(user, sites=keys, now=now)
    names = Host.objects.filter(pk__in={one.nas for one in states.values()})
    found = Backups(states, folders, dict(names.values_list("pk", "name")))
    connected, error = nas_of_sites(user, now=now)
    return added(graph, found), {"nas_connected": connected, "nas_error": error}


def added(graph: Graph, backups: Backups) -> Graph:
    """Pure. A NAS that nothing runs on is that and no host."""
    nas = {one.nas for one in backups.states.values()}
    nas |= {key for key in backups.folders if f"host:{key}" in graph.by_id}
    only_nas = {f"host:{key}" for key in nas} - graph.needed_by.keys()
    nodes = [_badged(node, backups) for node in graph.nodes if node.id not in only_nas]
    edges = [
        Edge(f"site:{key}", f"nas:{one.nas}", Link.BACKS_UP_TO)
        for key, one in backups.states.items()
    ]
    return Graph((*nodes, *_nas(nas, graph, backups)), (*graph.edges, *edges))


def _badged(node: Node, backups: Backups) -> Node:
    one = backups.states.get(node.key or 0) if node.kind == Kind.SITE else None
    if one is None:
        return node
    return replace(node, backup=Backup(one.state, _TONES[State(one.state)], one.newest_at))


def _nas(keys: Iterable[int], graph: Graph, backups: Backups) -> Iterable[Node]:
    for key in sorted(keys):
        folders = backups.folders.get(key, [])
        name = folders[0].nas_name if folders else backups.names.get(key, "")
        metrics = graph.by_id[f"host:{key}"].metrics if f"host:{key}" in graph.by_id else None
        error = next((one.nas_error for one in folders if one.nas_error), "")
        yield Node(f"nas:{key}", Kind.NAS, name, _state(folders), key, key, name, None, error,
                   metrics)  # fmt: skip


def _state(folders: list[NasStatus]) -> Status:
    """Of all its folders together: one that cannot be read is what matters."""
    if not folders:
        return Status(HIDDEN, Tone.STILL)
    read_at = min((one.read_at for one in folders if one.read_at), default=None)
    lost = [one for one in folders if one.nas_connected is False]
    if lost:
        return Status("unreachable", Tone.BAD, lost[0].failing_since, read_at, SOURCE)
    if any(one.nas_connected is None for one in folders):
        return unknown(read_at)
    return Status("reachable", Tone.GOOD, None, read_at, SOURCE)
