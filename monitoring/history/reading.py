"""History as it is read: regular steps, with nothing where nothing was measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from monitoring.history.levels import LEVELS, Level
from monitoring.history.packing import unpacked
from monitoring.history.summaries import Summed, total
from monitoring.history.writing import moment
from monitoring.models import Point, Series


@dataclass(frozen=True, slots=True)
class Range:
    """Whole steps of a level, the first beginning at ``begin_s``, ending before ``end_s``."""

    level: Level
    begin_s: int
    end_s: int

    @property
    def steps_s(self) -> range:
        return range(self.begin_s, self.end_s, self.level.step_s)


def range_of(level: Level, begin_s: float, end_s: float, *, now_s: float) -> Range:
    """Cut to what is kept, and to steps that have ended."""
    oldest_s = level.begin(now_s - level.keep_s) + level.step_s
    begin = max(level.begin(begin_s), oldest_s)
    last_s = level.begin(min(end_s + level.step_s - 1, now_s))
    return Range(level, begin, max(begin, last_s))


def points(series: Collection[Series], wanted: Range) -> Mapping[int, Mapping[int, Summed]]:
    """By the series' key and the beginning of the step; one query."""
    kinds = {row.pk: row.kind for row in series}
    rows = Point.objects.filter(
        series_id__in=kinds,
        level=wanted.level.number,
        at__gte=moment(wanted.begin_s),
        at__lt=moment(wanted.end_s),
    ).values_list("series_id", "at", "data")
    found: dict[int, dict[int, Summed]] = defaultdict(dict)
    for key, at, data in rows:
        found[key][int(at.timestamp())] = unpacked(kinds[key], bytes(data))
    return found


def together(found: Mapping[int, Mapping[int, Summed]]) -> Mapping[int, Summed]:
    """The sum of all series, step by step."""
    steps: dict[int, list[Summed]] = defaultdict(list)
    for series in found.values():
        for at_s, summed in series.items():
            steps[at_s].append(summed)
    return {at_s: total(parts) for at_s, parts in steps.items()}


def columns(
    found: Mapping[int, Summed], names: Sequence[str], wanted: Range
) -> dict[str, dict[str, list[float | None]]]:
    """``{metric: {"min": […], "avg": […], "max": […]}}``, one value a step, None in gaps."""
    rows = [found.get(at_s) for at_s in wanted.steps_s]
    return {
        name: {
            label: [
                round(row.values[name][place], 3) if row and name in row.values else None
                for row in rows
            ]
            for place, label in enumerate(("min", "avg", "max"))
        }
        for name in names
    }


def longest_s() -> int:
    return LEVELS[-1].keep_s
