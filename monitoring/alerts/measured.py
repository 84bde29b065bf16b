"""The newest averages of what is used, from history: read now and then, kept in between."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet

from monitoring.alerts.picture import Values
from monitoring.history.levels import LEVELS
from monitoring.history.packing import unpacked
from monitoring.models import Point, Series

# A minute is written a moment after its end; two missed and nobody knows any more.
FRESH: Final = timedelta(minutes=3)
_EVERY: Final = timedelta(seconds=20)
_DISKS_EVERY: Final = timedelta(seconds=60)
_HOUR: Final = timedelta(hours=1)
_SLACK: Final = timedelta(minutes=5)
Found = Mapping[tuple[str, int], Values]
Disks = Mapping[tuple[int, str], float]


class Measured:
    """For one thread, which asks every few seconds."""

    def __init__(self) -> None:
        self._read_at: datetime | None = None
        self._kinds: frozenset[str] = frozenset()
        self._found: Found = {}
        self._disks_at: datetime | None = None
        self._disks: Disks = {}

    def latest(self, kinds: Collection[str], *, now: datetime) -> Found:
        """By kind and key of the thing: the averages of its last minute. Two queries, or none."""
        wanted = frozenset(kinds)
        if not wanted:
            return {}
        if wanted != self._kinds or not _is_new(self._read_at, now, _EVERY):
            self._found = newest(now=now, kind__in=wanted)
            self._read_at, self._kinds = now, wanted
        return self._found

    def disks_before(self, *, now: datetime) -> Disks:
        """By host and mount: bytes used about an hour ago. Two queries, or none."""
        if not _is_new(self._disks_at, now, _DISKS_EVERY):
            self._disks, self._disks_at = _an_hour_ago(now), now
        return self._disks


def _is_new(read_at: datetime | None, now: datetime, every: timedelta) -> bool:
    return read_at is not None and read_at <= now < read_at + every


def newest(*, now: datetime, **which: Any) -> dict[tuple[str, int], Values]:
    """``which`` series."""
    series = Series.objects.filter(**which)
    found: dict[tuple[str, int], Values] = {}
    for one, data in _points(series, now - FRESH, now):
        values = {name: value.mean for name, value in unpacked(one.kind, data).values.items()}
        found[one.kind, one.container_id or one.site_id or one.host_id] = values
    return found


def _an_hour_ago(now: datetime) -> Disks:
    """The first that there is from then on."""
    found: dict[tuple[int, str], float] = {}
    begin = now - _HOUR
    for one, data in _points(Series.objects.filter(kind="disk"), begin, begin + _SLACK):
        values = unpacked("disk", data).values
        if "used_bytes" in values:
            found.setdefault((one.host_id, one.mount), values["used_bytes"].mean)
    return found


def _points(
    series: QuerySet[Series], begin: datetime, end: datetime
) -> Iterator[tuple[Series, bytes]]:
    """In order of time. By the keys of the series and not by a join, for which SQLite would read
    all points that there are."""
    known = {one.pk: one for one in series}
    rows = Point.objects.filter(
        series_id__in=series.order_by().values("pk"),
        level=LEVELS[0].number,
        at__gte=begin,
        at__lte=end,
    )
    for key, data in rows.order_by("at").values_list("series_id", "data"):
        if key in known:
            yield known[key], bytes(data)
