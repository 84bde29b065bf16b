"""What somebody looks at just now: rows that web processes renew and monitors read.

A look is a lease: whoever does not renew it has gone, be it by a closed page or by a dead process.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from monitoring.metrics import SeriesKey
from monitoring.models import Look
from sites.models import Container, Host, Site

LEASE: Final = timedelta(seconds=6)
RENEW_S: Final = 2.0


class Thing(NamedTuple):
    """What a page shows, as its topic names it."""

    kind: str  # container, site or host
    key: int


@dataclass(frozen=True, slots=True)
class Looked:
    """What is looked at on one host, the sites of the containers among it, and when the host's
    containers were last read, if ever."""

    read_at: datetime | None
    keys: set[SeriesKey] = field(default_factory=set)
    sites: dict[int, int | None] = field(default_factory=dict)


def renew(things: Collection[Thing], *, now: datetime) -> None:
    """One statement that writes, however many there are. What does not exist is left out."""
    keys = _series_keys(things)
    Look.objects.bulk_create(
        [Look(kind=key.kind, part=key.part, host_id=key.host, until=now + LEASE) for key in keys],
        update_conflicts=True,
        unique_fields=["host", "kind", "part"],
        update_fields=["until"],
    )


def _series_keys(things: Collection[Thing]) -> list[SeriesKey]:
    """In one order for all processes, so that no two wait for each other's rows."""
    wanted = defaultdict[str, set[int]](set)
    for thing in things:
        wanted[thing.kind].add(thing.key)
    hosts = Host.objects.filter(pk__in=wanted["host"]).values_list("pk", flat=True)
    keys = [SeriesKey("host", host) for host in hosts]
    for kind, model in (("container", Container), ("site", Site)):
        if wanted[kind]:
            rows = model.objects.filter(pk__in=wanted[kind]).values_list("pk", "host_id")
            keys += [SeriesKey(kind, host, part) for part, host in rows]
    return sorted(keys)


def looked_at(monitor: str, *, now: datetime) -> Mapping[int, Looked]:
    """By host, of those that this monitor watches. One query, a second one for containers."""
    rows = Look.objects.filter(
        until__gt=now, host__monitored_by=monitor, host__monitored_until__gt=now
    )
    found: dict[int, Looked] = {}
    for kind, host, part, read_at in rows.values_list(
        "kind", "host_id", "part", "host__inventory_at"
    ):
        found.setdefault(host, Looked(read_at)).keys.add(SeriesKey(kind, host, part))
    parts = [key.part for each in found.values() for key in each.keys if key.kind == "container"]
    containers = Container.objects.filter(pk__in=parts) if parts else Container.objects.none()
    for pk, host, site in containers.values_list("pk", "host_id", "site_id"):
        found[host].sites[pk] = site
    return found


def forget(*, now: datetime) -> None:
    Look.objects.filter(until__lt=now - LEASE).delete()
