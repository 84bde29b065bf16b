"""Keeps a host's last events, each once, and tells of them whoever may see what they are about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from django.db import IntegrityError, transaction

from monitoring.events.models import HostEvent
from monitoring.events.reading import Happening, happenings
from monitoring.events.shown import event_out
from sites.live import Scope, publish
from sites.models import Container, Host

KEPT: Final = 200  # of a host
_AT_ONCE: Final = 200  # of a burst the last ones are kept and told, and how many there were more
_PRUNE_EVERY: Final = 50

Events = Collection[Mapping[str, Any]]
Place = tuple[int | None, int | None]  # keys of a container and of its site


class Keeper:
    """Of one host. Both calls are database work of the host's one watcher."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._leaving: dict[str, Place] = {}
        self._unpruned = KEPT  # what another process kept is pruned by the first

    def notice(self, events: Events) -> None:
        """Before rows go with a container: whose it was."""
        going = [found for found in happenings(events) if _goes(found)]
        self._leaving = self._places(found.actor for found in going) if going else {}

    def keep(self, events: Events) -> None:
        """After what they changed is in the rows."""
        found = happenings(events)
        left_out = max(0, len(found) - _AT_ONCE)
        if not (new := self._not_yet_kept(found[left_out:])):
            return
        places = self._leaving | self._places(one.actor for one in new if one.type == "container")
        rows = [self._row(one, *places.get(one.actor, (None, None))) for one in new]
        try:
            with transaction.atomic():
                HostEvent.objects.bulk_create(rows)
                self._prune(len(rows))
        except IntegrityError:  # the host has just been removed, and its events with it
            return
        self._tell(rows, left_out=left_out)

    def _not_yet_kept(self, found: Sequence[Happening]) -> list[Happening]:
        """A new connection is told once more what came just before."""
        times = {one.at_ns for one in found}
        known = HostEvent.objects.filter(host=self._host, at_ns__in=times)
        seen = set(known.values_list("at_ns", "type", "action", "actor"))
        new: dict[tuple[int, str, str, str], Happening] = {}
        for one in found:
            new.setdefault((one.at_ns, one.type, one.action, one.actor), one)
        return [one for key, one in new.items() if key not in seen]

    def _places(self, ids: Any) -> dict[str, Place]:
        rows = Container.objects.filter(host=self._host, docker_id__in=set(ids))
        return {row[0]: (row[1], row[2]) for row in rows.values_list("docker_id", "pk", "site_id")}

    def _row(self, one: Happening, container: int | None, site: int | None) -> HostEvent:
        return HostEvent(
            host=self._host, at_ns=one.at_ns, type=one.type, action=one.action, actor=one.actor,
            name=one.name, container=container, site=site, attributes=dict(one.attributes),
        )  # fmt: skip

    def _prune(self, more: int) -> None:
        self._unpruned += more
        if self._unpruned < _PRUNE_EVERY:
            return
        self._unpruned = 0
        rows = HostEvent.objects.filter(host=self._host)
        first = list(rows.order_by("-id").values_list("id", flat=True)[KEPT - 1 : KEPT])
        if first:
            rows.filter(id__lt=first[0]).delete()

    def _tell(self, rows: Sequence[HostEvent], *, left_out: int) -> None:
        """One message for events that follow each other, are alike and have the same readers."""
        for (kind, action, site), some in groupby(rows, lambda r: (r.type, r.action, r.site)):
            of_container = kind == HostEvent.Type.CONTAINER
            scope: Scope = {
                "permission": "sites.view_container" if of_container else "sites.view_host",
                "host": self._host.pk,
                "site": site if of_container else None,
                "event": f"{kind}/{action}",
            }
            items = [event_out(row) for row in some]
            message = {"type": "events.update", "host": self._host.pk, "items": items}
            publish(["events", f"events.{self._host.pk}"], message, scope=scope)
        if left_out:
            told = {"type": "events.left_out", "host": self._host.pk, "events": left_out}
            near: Scope = {"permission": "sites.view_host", "host": self._host.pk}
            publish(["events", f"events.{self._host.pk}"], told, scope=near)


def _goes(found: Happening) -> bool:
    return found.type == "container" and found.action == "destroy"
