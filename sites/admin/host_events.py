"""The last events of a host, as a tab of its page; the page itself asks for them anew."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest

from monitoring.events.keeping import KEPT
from monitoring.events.models import HostEvent
from monitoring.events.shown import event_out
from sites.models import Container, Host

TYPES: Final[tuple[str, ...]] = tuple(HostEvent.Type.values)


def events_tab(request: HttpRequest, row: Host) -> dict[str, Any]:
    """Raises Http404 for a type that there is not."""
    kind = request.GET.get("type", "")
    if kind and kind not in TYPES:
        raise Http404
    rows = HostEvent.objects.visible_to(request.user).filter(host=row).select_related("host")
    if kind:
        rows = rows.filter(type=kind)
    items = [event_out(each) for each in rows.order_by("-id")[:KEPT]]
    keys = {item["container"] for item in items if item["container"]}
    seen = Container.objects.visible_to(request.user).filter(pk__in=keys)
    there = set(seen.values_list("pk", flat=True))
    events = [{**item, "has_page": item["container"] in there} for item in items]
    return {"events": events, "event_types": TYPES, "event_type": kind}
