"""History as it grows: minutes are written, averaged into coarser steps, and forgotten.

Everything may be done twice: what is there already stays as it is, whoever wrote it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import Max

from monitoring.history.levels import LEVELS, Level
from monitoring.history.packing import packed, unpacked
from monitoring.history.places import key_of
from monitoring.history.summaries import Summed, merged
from monitoring.metrics import SeriesKey
from monitoring.models import Point, Series
from sites.models import Container, Host, Site

_BATCH: Final = 500
MOST_DISKS: Final = 50  # of one host, that there ever were
Minute = tuple[SeriesKey, float, Summed]  # when it began, in seconds of the epoch


class Known(NamedTuple):
    """A row of Series, as far as it matters here."""

    pk: int
    kind: str


def moment(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)


def write_minutes(minutes: Collection[Minute]) -> None:
    """In few statements, however many there are. What was removed meanwhile is left out."""
    with transaction.atomic():
        known = _series_of({key for key, _, _ in minutes})
        Point.objects.bulk_create(
            [
                _point(known[key], LEVELS[0], at_s, packed(key.kind, summed))
                for key, at_s, summed in minutes
                if key in known
            ],
            batch_size=_BATCH,
            ignore_conflicts=True,
        )


def _point(series: int, level: Level, at_s: float, data: bytes) -> Point:
    key = key_of(series, level, at_s)
    return Point(pk=key, series_id=series, level=level.number, at=moment(at_s), data=data)


def _series_of(keys: set[SeriesKey]) -> Mapping[SeriesKey, int]:
    hosts = {key.host for key in keys}
    known = _known(hosts)
    missing = _that_exist(keys - known.keys(), hosts)
    if missing := missing - _too_many_disks(missing, known):
        rows = [_row(key) for key in sorted(missing)]
        Series.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)
        known = _known(hosts)
    return known


def _known(hosts: set[int]) -> dict[SeriesKey, int]:
    columns = ("pk", "kind", "host_id", "container_id", "site_id", "mount")
    rows = Series.objects.filter(host_id__in=hosts).values_list(*columns)
    return {
        SeriesKey(kind, host, container or site or 0, mount): pk
        for pk, kind, host, container, site, mount in rows
    }


def _that_exist(keys: set[SeriesKey], hosts: set[int]) -> set[SeriesKey]:
    """Those of things that have not been removed meanwhile."""
    if not keys:
        return set()
    parts = {
        "container": set(Container.objects.filter(host_id__in=hosts).values_list("pk", flat=True)),
        "site": set(Site.objects.filter(host_id__in=hosts).values_list("pk", flat=True)),
    }
    there = set(Host.objects.filter(pk__in=hosts).values_list("pk", flat=True))
    return {
        key
        for key in keys
        if key.host in there and (key.kind not in parts or key.part in parts[key.kind])
    }


def _too_many_disks(missing: set[SeriesKey], known: Iterable[SeriesKey]) -> set[SeriesKey]:
    """A host that names other mounts each minute must not fill the database."""
    counts = Counter(key.host for key in known if key.kind == "disk")
    refused = set()
    for key in sorted(key for key in missing if key.kind == "disk"):
        counts[key.host] += 1
        if counts[key.host] > MOST_DISKS:
            refused.add(key)
    return refused


def _row(key: SeriesKey) -> Series:
    return Series(
        kind=key.kind,
        host_id=key.host,
        container_id=key.part if key.kind == "container" else None,
        site_id=key.part if key.kind == "site" else None,
        mount=key.mount,
    )


def roll_up(hosts: Collection[int], level: Level, *, since_s: float, until_s: float) -> None:
    """Averages what the level before has from ``since_s`` on into the steps that have ended."""
    end_s = level.begin(until_s)
    if end_s <= since_s:
        return
    rows = Point.objects.filter(
        series__host_id__in=hosts,
        level=level.number - 1,
        at__gte=moment(since_s),
        at__lt=moment(end_s),
    ).order_by("at")
    steps: dict[tuple[Known, int], list[Summed]] = defaultdict(list)
    for pk, kind, at, data in rows.values_list("series_id", "series__kind", "at", "data"):
        steps[Known(pk, kind), level.begin(at.timestamp())].append(unpacked(kind, bytes(data)))
    _store(level, steps.items())


def _store(level: Level, steps: Iterable[tuple[tuple[Known, int], list[Summed]]]) -> None:
    points = [
        _point(series.pk, level, begin_s, packed(series.kind, merged(parts)))
        for (series, begin_s), parts in steps
    ]
    Point.objects.bulk_create(points, batch_size=_BATCH, ignore_conflicts=True)


def rolled_until_s(hosts: Collection[int], level: Level) -> float:
    """From when on this level has no points of these hosts; 0.0 when it never had one."""
    rows = Point.objects.filter(series__host_id__in=hosts, level=level.number)
    latest = rows.aggregate(latest=Max("at"))["latest"]
    return 0.0 if latest is None else latest.timestamp() + level.step_s


def prune(*, now_s: float, hosts: Collection[int] | None = None) -> int:
    """Forgets what is older than its level is kept; returns how many points that were."""
    series = Series.objects.all() if hosts is None else Series.objects.filter(host_id__in=hosts)
    keys = list(series.values_list("pk", flat=True))
    gone = 0
    for first in range(0, len(keys), _BATCH):
        some = keys[first : first + _BATCH]
        for level in LEVELS:
            old = Point.objects.filter(
                series_id__in=some, level=level.number, at__lt=moment(now_s - level.keep_s)
            )
            gone += old.delete()[0]
    series.filter(kind="disk", points=None).delete()  # others go with what they are about
    return gone
