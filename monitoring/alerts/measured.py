"""The newest averages of what is used, from history: read now and then, kept in between."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from monitoring.alerts.picture import Values
from monitoring.history.levels import LEVELS
from monitoring.history.packing import unpacked
from monitoring.models import Point

# A minute is written a moment after its end; two missed and nobody knows any more.
FRESH: Final = timedelta(minutes=3)
_EVERY: Final = timedelta(seconds=20)
_HOUR: Final = timedelta(hours=1)
_SLACK: Final = timedelta(minutes=5)
Found = Mapping[tuple[str, int], Values]


class Measured:
    """For one thread, which asks every few seconds."""

    def __init__(self) -> None:
        self._read_at: datetime | None = None
        self._kinds: frozenset[str] = frozenset()
        self._found: Found = {}

    def latest(self, kinds: Collection[str], *, now: datetime) -> Found:
        """By kind and key of the thing: the averages of its last minute. One query, or none."""
        wanted = frozenset(kinds)
        if not wanted:
            return {}
        if self._read_at is None or wanted != self._kinds or not _is_new(self._read_at, now):
            self._found = newest(now=now, series__kind__in=wanted)
            self._read_at, self._kinds = now, wanted
        return self._found

    def disks_before(self, *, now: datetime) -> Mapping[tuple[int, str], float]:
        """By host and mount: bytes used about an hour ago."""
        rows = Point.objects.filter(
            level=LEVELS[0].number,
            series__kind="disk",
            at__gte=now - _HOUR,
            at__lt=now - _HOUR + _SLACK,
        )
        found: dict[tuple[int, str], float] = {}
        for host, mount, data in rows.order_by("-at").values_list(
            "series__host_id", "series__mount", "data"
        ):
            summed = unpacked("disk", bytes(data))
            if "used_bytes" in summed.values:
                found[host, mount] = summed.values["used_bytes"].mean
        return found


def _is_new(read_at: datetime, now: datetime) -> bool:
    return read_at <= now < read_at + _EVERY


def newest(*, now: datetime, **which: Any) -> dict[tuple[str, int], Values]:
    rows = Point.objects.filter(
        level=LEVELS[0].number, at__gte=now - FRESH, at__lte=now, **which
    ).order_by("at")
    found: dict[tuple[str, int], Values] = {}
    for kind, host, container, site, data in rows.values_list(
        "series__kind", "series__host_id", "series__container_id", "series__site_id", "data"
    ):
        summed = unpacked(kind, bytes(data))
        values = {name: value.mean for name, value in summed.values.items()}
        found[kind, container or site or host] = values
    return found
