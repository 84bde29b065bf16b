"""History as if somebody had measured for a year: by day more than by night, with gaps."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

from monitoring.history.levels import HOUR_S, LEVELS, Level
from monitoring.history.packing import packed
from monitoring.history.summaries import Summary, Summed
from monitoring.history.writing import moment
from monitoring.metrics import METRICS
from monitoring.models import Point, Series

_DAY_S: Final = 24 * HOUR_S
_BYTES: Final = 1024.0 * 1024
# What is used on average, of each metric.
_USUAL: Final = {
    "cpu_percent": 40.0,
    "cpu_user_percent": 25.0,
    "cpu_system_percent": 8.0,
    "cpu_iowait_percent": 6.0,
    "cpu_steal_percent": 1.0,
    "memory_bytes": 380 * _BYTES,
    "memory_limit_bytes": 512 * _BYTES,
    "swap_bytes": 40 * _BYTES,
    "received_bytes_per_s": 0.3 * _BYTES,
    "sent_bytes_per_s": 1.2 * _BYTES,
    "read_bytes_per_s": 0.1 * _BYTES,
    "written_bytes_per_s": 0.4 * _BYTES,
    "pids": 24.0,
    "load1": 0.9,
    "load5": 0.8,
    "load15": 0.7,
    "used_bytes": 31_000 * _BYTES,
    "total_bytes": 50_000 * _BYTES,
}
_STEADY: Final = ("memory_limit_bytes", "total_bytes")


def make_history(series: Series, *, now: datetime, gaps: bool = True) -> None:
    """Every level, whole; with ``gaps`` one in the last fifth of what charts show of each."""
    for level in LEVELS:
        end_s = level.begin(now.timestamp())
        first_s = level.begin(end_s - level.keep_s) + level.step_s
        times = range(first_s, end_s, level.step_s)
        Point.objects.bulk_create(
            Point(series=series, level=level.number, at=moment(at_s), data=_data(series, at_s))
            for at_s in times
            if not (gaps and _is_gap(level, end_s - at_s))
        )


def _is_gap(level: Level, ago_s: float) -> bool:
    looked_at_s = (
        min(level.keep_s, 30 * _DAY_S) if level.number == LEVELS[-2].number else level.keep_s
    )
    return 0.12 * looked_at_s < ago_s < 0.2 * looked_at_s


def _data(series: Series, at_s: float) -> bytes:
    values = {name: _summary(name, at_s) for name in METRICS[series.kind]}
    return packed(series.kind, Summed(1, "cgroup", values))


def _summary(name: str, at_s: float) -> Summary:
    usual, place = _USUAL[name], float(len(name))
    if name in _STEADY:
        return Summary(usual, usual, usual)
    by_day = 1 - 0.5 * math.cos(2 * math.pi * at_s / _DAY_S)
    ripple = 1 + 0.18 * math.sin(at_s / 700 + place) + 0.1 * math.sin(at_s / 131 + 2 * place)
    calm = 0.25 if "memory" in name or "used" in name else 1.0
    mean = usual * (1 - calm + calm * by_day * ripple)
    spread = 1 + 0.35 * calm
    return Summary(mean / spread, mean, mean * spread)
