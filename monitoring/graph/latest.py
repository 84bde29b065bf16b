"""The newest readings there are of each container, site and host: of the minute that ended last."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from monitoring.graph.things import Metrics
from monitoring.history.levels import LEVELS
from monitoring.history.packing import unpacked
from monitoring.history.summaries import Summed
from monitoring.models import Point, Series

# A minute is written when it has ended; what is older than the one before is no longer now.
RECENT: Final = timedelta(seconds=3 * LEVELS[0].step_s)
_KINDS: Final = (Series.Kind.CONTAINER, Series.Kind.SITE, Series.Kind.HOST)


def latest(hosts: Collection[int], *, now: datetime) -> dict[str, Metrics]:
    """By the node's id; one query. Of what was not measured lately there is nothing."""
    rows = Point.objects.filter(
        level=LEVELS[0].number, at__gt=now - RECENT, at__lte=now, series__kind__in=_KINDS,
        series__host__in=hosts,
    ).order_by("at")  # fmt: skip
    newest: dict[tuple[str, int], tuple[datetime, bytes]] = {}
    columns = ("series__kind", "series__host", "series__container", "series__site", "at", "data")
    for kind, host, container, site, at, data in rows.values_list(*columns):
        newest[kind, container or site or host] = at, data
    return {
        f"{kind}:{key}": _metrics(at, unpacked(kind, bytes(data)))
        for (kind, key), (at, data) in newest.items()
    }


def _metrics(at: datetime, summed: Summed) -> Metrics:
    def mean(name: str) -> float | None:
        return round(summed.values[name].mean, 3) if name in summed.values else None

    return Metrics(at, mean("cpu_percent"), mean("memory_bytes"), mean("memory_limit_bytes"))
