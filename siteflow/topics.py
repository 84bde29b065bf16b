"""What a socket can subscribe to: who may, and the snapshot it begins with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet

from monitoring.alerts.models import Alert
from monitoring.alerts.rows import alert_rows
from monitoring.alerts.shown import alert_out
from monitoring.events.keeping import KEPT
from monitoring.events.models import HostEvent
from monitoring.events.shown import event_out
from monitoring.graph import shown as graphs
from monitoring.metrics import SeriesKey
from monitoring.usage.telling import item_of
from provisioning.models import Operation
from provisioning.schemas import line_out, operation_detail, operation_out
from sites.answers import Row, by_keys, found, need
from sites.models import Container, Host, Site
from sites.rights import Viewer
from sites.rows import container_rows, host_rows, site_rows
from sites.schemas import container_out, host_is_fresh, host_out, site_out

MAX_ITEMS: Final = 500
RECENT_OPERATIONS: Final = 50
Snapshot = dict[str, Any]


class UnknownTopic(Exception):
    code, status = "unknown_topic", 404

    def __init__(self, topic: str) -> None:
        self.message = f"There is no topic {topic[:60]!r}."
        super().__init__(self.message)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client subscribed to: all of it, or only the rows with these keys.

    ``after`` is the number of the last line of output it already has, ``site`` the only one whose
    rows are meant.
    """

    topic: str
    ids: tuple[int, ...] | None = None
    after: int = 0
    site: int | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    permission: str
    snapshot: Callable[[Viewer, Wish, int], Snapshot]  # the last: the key in the topic's name
    keyed: bool = False


def topic_of(name: str) -> tuple[Topic, int]:
    """The topic and the key in its name, 0 without one. Raises UnknownTopic."""
    kind, dot, key = name.rpartition(".") if "." in name else (name, "", "")
    topic = TOPICS.get(f"{kind}." if dot else kind)
    if topic is None:
        raise UnknownTopic(name)
    if not topic.keyed:
        return topic, 0
    # One way to write each key: the name must be the one that is published on.
    if not (key.isascii() and key.isdigit() and len(key) <= 18 and str(int(key)) == key):
        raise UnknownTopic(name)
    return topic, int(key)


def snapshot(user: Viewer, wish: Wish) -> Snapshot:
    """``items`` (and ``total``) as they are now. Raises UnknownTopic, Forbidden, NotFound."""
    topic, key = topic_of(wish.topic)
    if not topic.keyed:
        need(user, topic.permission)
    return topic.snapshot(user, wish, key)


def _part(rows: Any, wish: Wish, out: Callable[[Any], dict[str, Any]]) -> Snapshot:
    """The rows that were asked for by key, else the first of all."""
    if wish.ids is not None:
        chosen = by_keys(rows, wish.ids)
        return {"items": [out(row) for row in chosen], "ids": list(wish.ids)}
    items = [out(row) for row in rows[:MAX_ITEMS]]
    total = rows.count() if len(items) == MAX_ITEMS else len(items)
    return {"items": items, "total": total}


def _of_site(rows: QuerySet[Row], wish: Wish) -> QuerySet[Row]:
    return rows if wish.site is None else rows.filter(site=wish.site)


def _sites(user: Viewer, wish: Wish, key: int) -> Snapshot:
    rows = site_rows(user)
    return _part(rows if wish.site is None else rows.filter(pk=wish.site), wish, site_out)


def _containers(user: Viewer, wish: Wish, key: int) -> Snapshot:
    return _part(_of_site(container_rows(user), wish), wish, container_out)


def _containers_of_host(user: Viewer, wish: Wish, key: int) -> Snapshot:
    host = found(Host.objects.visible_to(user), key)
    return _part(container_rows(user).filter(host=host), wish, container_out)


def _hosts(user: Viewer, wish: Wish, key: int) -> Snapshot:
    return _part(host_rows(user), wish, host_out)


def _graph(user: Viewer, wish: Wish, key: int) -> Snapshot:
    """As `/api/graph` has it; nothing of it for who wants its changes only."""
    if wish.ids is not None:
        return {"nodes": [], "edges": [], "ids": list(wish.ids)}
    return graphs.shown(user, graphs.Wanted()).out()


def _alerts(user: Viewer, wish: Wish, key: int) -> Snapshot:
    """Those that are open, newest first."""
    rows = alert_rows(user)
    if wish.ids is None:
        rows = rows.filter(state__in=Alert.OPEN)
    return _part(rows, wish, alert_out)


def _operations(user: Viewer, wish: Wish, key: int) -> Snapshot:
    """Those under way and the latest; ``total`` counts all there ever were."""
    rows = _of_site(Operation.objects.visible_to(user).defer("journal"), wish)
    if wish.ids is not None:
        return _part(rows, wish, operation_out)
    active = rows.filter(status__in=Operation.ACTIVE)[:MAX_ITEMS]
    chosen = {row.pk: row for row in [*rows[:RECENT_OPERATIONS], *active]}
    newest_first: Sequence[int] = sorted(chosen, reverse=True)
    return {"items": [operation_out(chosen[pk]) for pk in newest_first]}


def _events(user: Viewer, wish: Wish, key: int) -> Snapshot:
    """The last ones, newest first; ``total`` is how many these are."""
    rows = HostEvent.objects.visible_to(user)
    return _last(rows, wish)


def _events_of_host(user: Viewer, wish: Wish, key: int) -> Snapshot:
    host = found(Host.objects.visible_to(user), key)
    return _last(HostEvent.objects.visible_to(user).filter(host=host), wish)


def _last(rows: QuerySet[HostEvent], wish: Wish) -> Snapshot:
    newest = rows.select_related("host").order_by("-id")
    return _part(newest if wish.ids is not None else newest[:KEPT], wish, event_out)


def _operation(user: Viewer, wish: Wish, key: int) -> Snapshot:
    """One operation with its steps, and its lines of output after the ones the client has."""
    rows = Operation.objects.visible_to(user).prefetch_related("steps")
    row = found(rows, key)
    lines = row.output.filter(number__gt=wish.after).order_by("number")[:MAX_ITEMS]
    return {"items": [operation_detail(row)], "lines": [line_out(line) for line in lines]}


def _metrics_of_container(user: Viewer, wish: Wish, key: int) -> Snapshot:
    rows = Container.objects.visible_to(user).select_related("host")
    return _metrics("container", row := found(rows, key), row.host)


def _metrics_of_site(user: Viewer, wish: Wish, key: int) -> Snapshot:
    rows = Site.objects.visible_to(user).select_related("host")
    return _metrics("site", row := found(rows, key), row.host)


def _metrics_of_host(user: Viewer, wish: Wish, key: int) -> Snapshot:
    return _metrics("host", row := found(Host.objects.visible_to(user), key), row)


def _metrics(kind: str, row: Container | Site | Host, host: Host) -> Snapshot:
    """Values come with the first message; what is known before is whether there will be any."""
    fresh = host_is_fresh(host)
    key = SeriesKey(kind, host.pk, 0 if kind == "host" else row.pk)
    since = None if fresh else host.inventory_at
    return {"items": [item_of(key, known=fresh, unknown_since=since)]}


TOPICS: Final[dict[str, Topic]] = {
    "sites": Topic("sites.view_site", _sites),
    "containers": Topic("sites.view_container", _containers),
    "containers.": Topic("sites.view_container", _containers_of_host, keyed=True),
    "hosts": Topic("sites.view_host", _hosts),
    "graph": Topic("sites.view_site", _graph),
    "alerts": Topic("sites.view_site", _alerts),
    "events": Topic("sites.view_container", _events),
    "events.": Topic("sites.view_container", _events_of_host, keyed=True),
    "operations": Topic("provisioning.view_operation", _operations),
    "operation.": Topic("provisioning.view_operation", _operation, keyed=True),
    "metrics.": Topic("sites.view_container", _metrics_of_container, keyed=True),
    "metrics.site.": Topic("sites.view_site", _metrics_of_site, keyed=True),
    "metrics.host.": Topic("sites.view_host", _metrics_of_host, keyed=True),
}
