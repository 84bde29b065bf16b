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

CONTAINERS: Final = 3
MANY: Final = 60
MANY_DAYS: Final = 10
READS: Final = 60
HOUR_S: Final = 3600
YEAR_S: Final = 365 * 24 * HOUR_S


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
    return {**_few_for_long(), **_many_for_days()}


def _few_for_long() -> dict[str, float]:
    from monitoring.models import Point
    from tests.benchmarks.history_run import BEGIN_S, HistoryRun
    from tests.benchmarks.history_sizes import real_bytes

    run, sizes, counts = HistoryRun(CONTAINERS, written_every_s=HOUR_S), [], []
    for year in (1, 2):
        run.until(BEGIN_S + year * YEAR_S)
        sizes.append(real_bytes())
        counts.append(Point.objects.count())
    hour_ms, year_ms = _read_ms(run.rows[0], run.now_s)
    return {
        "points": counts[1],
        "grown": sizes[1] / sizes[0],
        "more_points": counts[1] - counts[0],
        "few_of_computed": run.of_computed(),
        "few_bytes": run.bytes_a_point(),
        "hour_ms": hour_ms,
        "year_ms": year_ms,
    }


def _many_for_days() -> dict[str, float]:
    from django.db import connection

    from sites.models import Host
    from tests.benchmarks.history_run import BEGIN_S, DAY_S, HistoryRun

    Host.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM" if connection.vendor == "sqlite" else "VACUUM FULL")
    run = HistoryRun(MANY)
    run.until(BEGIN_S + MANY_DAYS * DAY_S)
    return {"many_of_computed": run.of_computed(), "many_bytes": run.bytes_a_point()}


def _read_ms(row: Any, now_s: float) -> tuple[float, float]:
    """Medians of an hour and of a year, read in turn."""
    from monitoring.history import shown
    from monitoring.history.shown import Wanted

    now = datetime.fromtimestamp(now_s, UTC)

    def read(range_s: float) -> None:
        wanted = Wanted(datetime.fromtimestamp(now_s - range_s, UTC), now)
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
