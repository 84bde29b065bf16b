"""The newest readings there are: of the last minute that was written, with when it ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitoring.history.levels import LEVELS
from monitoring.history.packing import unpacked
from monitoring.models import Point

# Of a thing that was measured a minute or two ago, as a minute is written when it has ended.
_LATELY: Final = timedelta(minutes=3)
_MINUTE: Final = timedelta(seconds=LEVELS[0].step_s)


@dataclass(frozen=True, slots=True)
class Reading:
    """The averages of a minute, and when that minute ended."""

    until: datetime
    values: Mapping[str, float]


# By kind, the key of host, container or site, and the mount of a disk.
Readings = Mapping[tuple[str, int, str], Reading]


def readings_of(hosts: Collection[int], *, now: datetime, kinds: Collection[str] = ()) -> Readings:
    """Of these hosts and what is on them, one query. What was not measured lately is not there."""
    rows = Point.objects.filter(
        series__host_id__in=hosts, level=LEVELS[0].number, at__gte=now - _LATELY - _MINUTE
    ).order_by("at")
    if kinds:
        rows = rows.filter(series__kind__in=kinds)
    columns = ("series__kind", "series__host_id", "series__container_id", "series__site_id")
    found: dict[tuple[str, int, str], Reading] = {}
    for kind, host, container, site, mount, at, data in rows.values_list(
        *columns, "series__mount", "at", "data"
    ):
        means = {name: one.mean for name, one in unpacked(kind, bytes(data)).values.items()}
        found[kind, container or site or host, mount] = Reading(at + _MINUTE, means)
    return found
