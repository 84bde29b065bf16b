"""The graph as somebody asked for it: the same for API, socket, command and page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from monitoring.graph import rows
from monitoring.graph.backups import with_backups
from monitoring.graph.building import build
from monitoring.graph.choosing import GROUP_ABOVE, collapsed, in_states
from monitoring.graph.impact import breaks
from monitoring.graph.telling import graph_out, impact_out
from monitoring.graph.things import Graph
from sites.answers import NotFound, found
from sites.filters import host_like
from sites.models import Host, Site
from sites.rights import Viewer


@dataclass(frozen=True, slots=True)
class Wanted:
    """``host`` is a name or key, ``states`` are tones. ``grouped`` None: when it is big."""

    host: str = ""
    site: int | None = None
    states: Collection[str] = ()
    grouped: bool | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    graph: Graph
    grouped: bool
    nas: dict[str, Any]
    at: datetime

    def out(self) -> dict[str, Any]:
        return graph_out(self.graph, at=self.at, grouped=self.grouped, nas=self.nas)


def shown(user: Viewer, wanted: Wanted) -> Shown:
    """Raises NotFound for a host or site the account does not see."""
    now = timezone.now()
    host = _host(user, wanted.host)
    if wanted.site is not None:
        found(Site.objects.visible_to(user), wanted.site)
    graph, nas = whole(user, host=host, site=wanted.site, now=now)
    graph = in_states(graph, wanted.states)
    grouped = wanted.grouped
    if grouped is None:
        grouped = wanted.site is None and len(graph.nodes) > GROUP_ABOVE
    return Shown(collapsed(graph) if grouped else graph, grouped, nas, now)


def _host(user: Viewer, wanted: str) -> int | None:
    """By name or key. Who sees only a site on it may name it too, and gets no more by that."""
    if not wanted:
        return None
    near = Site.objects.visible_to(user).values("host")
    seen = Host.objects.visible_to(user).values("pk")
    row = host_like(Host.objects.filter(Q(pk__in=near) | Q(pk__in=seen)), wanted).first()
    if row is None:
        raise NotFound("host")
    return row.pk


def whole(
    user: Viewer, *, now: datetime, host: int | None = None, site: int | None = None
) -> tuple[Graph, dict[str, Any]]:
    return with_backups(build(rows.read(user, host=host, site=site, now=now)), user, now=now)


def impact(user: Viewer, node: str) -> dict[str, Any]:
    """What breaks if this node stops, of what the account sees. Raises NotFound."""
    graph, _ = whole(user, now=timezone.now())
    if node not in graph.by_id:
        raise NotFound("node")
    return impact_out(graph, graph.by_id[node], breaks(graph, node))
