"""The live socket for simple clients: about one thing, and subscribed to it from the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from channels.db import database_sync_to_async

from siteflow.consumers import MAX_TOPICS, LiveSocket
from siteflow.sessions import Rights
from siteflow.sockets.event_filter import EventFilter, filter_of
from siteflow.topics import Snapshot, Wish
from sites.answers import found
from sites.models import Host, Site
from sites.rights import Viewer

Scope = Mapping[str, Any]
OF_SITE: Final = ("metrics.site.{site}", "sites", "containers", "operations")


class EventSocket(LiveSocket):
    """`/ws/events?host=&type=&action=`: of all hosts one may see, or of one; some or all."""

    _filter = EventFilter()

    async def wishes(self) -> list[Wish]:
        self._filter = filter_of(self.scope.get("query_string", b""))
        self.look_anew()
        host = self._filter.host
        return [Wish(f"events.{host}")] if host else [Wish(t) for t in self.preset_topics()]

    def view(self, rights: Rights) -> Callable[[Scope], bool]:
        takes, sees = self._filter.takes, rights.sees
        return lambda scope: takes(scope.get("event")) and sees(scope)

    def narrowed(self, wish: Wish, shown: Snapshot) -> Snapshot:
        if not wish.topic.startswith("events"):
            return shown
        takes = self._filter.takes
        items = [one for one in shown["items"] if takes(f"{one['type']}/{one['action']}")]
        return {**shown, "items": items, "total": len(items)}


class SiteSocket(LiveSocket):
    """`/ws/services/{site}`: a site with its containers, operations and what it uses."""

    _site = _host = 0

    async def wishes(self) -> list[Wish]:
        key: int = self.scope["url_route"]["kwargs"]["site"]
        row = await database_sync_to_async(_site_of, thread_sensitive=False)(self.rights.user, key)
        self._site, self._host = row.pk, row.host_id
        self.look_anew()
        return [Wish(topic, site=row.pk) for topic in self.preset_topics()]

    def view(self, rights: Rights) -> Callable[[Scope], bool]:
        sees = rights.sees
        return lambda scope: self._is_of_it(scope) and sees(scope)

    def _is_of_it(self, scope: Scope) -> bool:
        """That everything on its host became unknown is about it, too."""
        return scope.get("site") == self._site or scope.get("near") == self._host


class MetricsSocket(LiveSocket):
    """`/ws/metrics`: all hosts one may see, as many as a socket may have topics."""

    async def wishes(self) -> list[Wish]:
        keys = await database_sync_to_async(_hosts_of, thread_sensitive=False)(self.rights.user)
        return [
            *(Wish(topic) for topic in self.preset_topics()),
            *(Wish(f"metrics.host.{key}") for key in keys),
        ]


def _site_of(user: Viewer, key: int) -> Site:
    return found(Site.objects.visible_to(user), key)


def _hosts_of(user: Viewer) -> list[int]:
    rows = Host.objects.visible_to(user).order_by("name").values_list("pk", flat=True)
    return list(rows[: MAX_TOPICS - 1])
