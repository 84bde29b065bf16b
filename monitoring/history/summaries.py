"""Many values become three: the least, the average by time, and the greatest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Summary(NamedTuple):
    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True)
class Summed:
    """All metrics of one thing over a while. ``minutes`` says how many of it were seen."""

    minutes: int
    source: str
    values: Mapping[str, Summary]


class Tally:
    """Collects the readings of one minute."""

    def __init__(self) -> None:
        self.source = ""
        self._seen: dict[str, tuple[int, float, float, float]] = {}

    def add(self, readings: Mapping[str, float], *, source: str) -> None:
        self.source = source
        for name, value in readings.items():
            count, total, low, high = self._seen.get(name, (0, 0.0, value, value))
            self._seen[name] = count + 1, total + value, min(low, value), max(high, value)

    def summed(self) -> Summed:
        values = {
            name: Summary(low, min(high, max(low, total / count)), high)
            for name, (count, total, low, high) in self._seen.items()
        }
        return Summed(1, self.source, values)


def merged(parts: Iterable[Summed]) -> Summed:
    """One of several, in the order of time. A minute counts as much as any other, however often
    it was looked at; what is missing in some of them is averaged over the others."""
    parts = list(parts)
    names = dict.fromkeys(name for part in parts for name in part.values)
    values = {
        name: _merged([(p.minutes, p.values[name]) for p in parts if name in p.values])
        for name in names
    }
    return Summed(sum(part.minutes for part in parts), parts[-1].source, values)


def _merged(parts: list[tuple[int, Summary]]) -> Summary:
    low = min(summary.low for _, summary in parts)
    high = max(summary.high for _, summary in parts)
    weight = sum(minutes for minutes, _ in parts)
    mean = sum(minutes * summary.mean for minutes, summary in parts) / weight
    return Summary(low, min(high, max(low, mean)), high)


def total(parts: Iterable[Summed]) -> Summed:
    """Of several things at the same time. Their extremes need not have been at once, so the sums of
    these are bounds: it was never below the one nor above the other."""
    parts = list(parts)
    found: dict[str, Summary] = {}
    for part in parts:
        for name, summary in part.values.items():
            before = found.get(name, Summary(0.0, 0.0, 0.0))
            found[name] = Summary(*(a + b for a, b in zip(before, summary, strict=True)))
    return Summed(max(part.minutes for part in parts), parts[-1].source, found)
