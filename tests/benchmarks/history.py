"""24 months of history, minute by minute, by a clock that nobody waits for. Run by `__main__`.

How large they are after one year and after two, against what docs/performance.md computes, and how
long the tab of a year takes to read against that of an hour.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

POINTS: Final = 1565  # of each thing that is measured, once a year has passed
BYTES: Final = 174  # a point with its indexes, on SQLite
CONTAINERS: Final = 3
READS: Final = 60
HOUR_S: Final = 3600
YEAR_S: Final = 365 * 24 * HOUR_S
BEGIN_S: Final = datetime(2024, 1, 1, tzinfo=UTC).timestamp()


def main() -> None:
    """Prints one JSON object."""
    with tempfile.TemporaryDirectory(prefix="siteflow-bench-") as folder:
        print(json.dumps(_measure(folder)))


def _measure(folder: str) -> dict[str, float]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "siteflow.settings"
    os.environ["SITEFLOW_DATA_DIR"] = folder
    os.environ["SITEFLOW_ADMIN_PASSWORD"] = "bench"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("prepare", stdout=sys.stderr)
    return _two_years()


def _two_years() -> dict[str, float]:
    from monitoring.history.recorder import Recorder
    from tests.provisioning.rows import make_container, make_host

    host = make_host()
    rows = [make_container(host, f"c{number}") for number in range(CONTAINERS)]
    clock = _Clock()
    recorder = Recorder(database=lambda work: work(), clock=clock)
    empty, sizes, counts = _size(), [], []
    for year in (1, 2):
        _measured(recorder, clock, rows, until_s=BEGIN_S + year * YEAR_S)
        sizes.append(_size() - empty)
        counts.append(_count())
    hour_ms, year_ms = _read_ms(rows[0], clock)
    return {
        "points": counts[1],
        "grown": sizes[1] / sizes[0],
        "more_points": counts[1] - counts[0],
        "of_computed": sizes[1] / (CONTAINERS * POINTS * BYTES),
        "hour_ms": hour_ms,
        "year_ms": year_ms,
    }


class _Clock:
    def __init__(self) -> None:
        self.now_s = BEGIN_S

    def __call__(self) -> float:
        return self.now_s


def _measured(recorder: Any, clock: _Clock, rows: list[Any], *, until_s: float) -> None:
    """A reading a minute of each; written by the hour, as a monitor does after an outage."""
    from monitoring.metrics import METRICS, SeriesKey

    keys = [SeriesKey("container", row.host_id, row.pk) for row in rows]
    while clock.now_s < until_s:
        values = dict.fromkeys(METRICS["container"], 1000.0 + clock.now_s % 977)
        recorder.add(dict.fromkeys(keys, values), source="cgroup")
        clock.now_s += 60
        if clock.now_s % HOUR_S == 0:
            recorder.write()


def _count() -> int:
    from monitoring.models import Point

    return Point.objects.count()


def _size() -> int:
    """Bytes that the points take with their indexes, without what is free for the next ones."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE monitoring_point")
            cursor.execute("SELECT pg_total_relation_size('monitoring_point')")
            return int(cursor.fetchone()[0])
        cursor.execute("SELECT sum(pgsize) FROM dbstat WHERE name LIKE '%monitoring_point%' "
                       "OR name LIKE 'point_once%'")  # fmt: skip
        return int(cursor.fetchone()[0] or 0)


def _read_ms(row: Any, clock: _Clock) -> tuple[float, float]:
    """Medians of an hour and of a year, read in turn."""
    from monitoring.history import shown
    from monitoring.history.shown import Wanted

    now = datetime.fromtimestamp(clock.now_s, UTC)

    def read(range_s: float) -> None:
        wanted = Wanted(datetime.fromtimestamp(clock.now_s - range_s, UTC), now)
        assert any(shown.of_container(row, wanted, now=now)["sources"])

    taken: dict[float, list[float]] = {HOUR_S: [], YEAR_S: []}
    for _ in range(READS):
        for range_s, times in taken.items():
            times.append(_timed(lambda: read(range_s)))  # noqa: B023  (called at once)
    return sorted(taken[HOUR_S])[READS // 2], sorted(taken[YEAR_S])[READS // 2]


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
