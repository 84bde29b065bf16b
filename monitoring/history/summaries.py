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
    """Collects the readings of one minute, each for as long as it stands: the pace may change."""

    def __init__(self) -> None:
        self.source = ""
        self._seen: dict[str, tuple[float, float, float, float]] = {}

    def add(self, readings: Mapping[str, float], *, source: str, weight_s: float = 1.0) -> None:
        self.source, seen = source, self._seen
        for name, value in readings.items():
            weight, total, low, high = seen.get(name, (0.0, 0.0, value, value))
            total += weight_s * value
            seen[name] = weight + weight_s, total, min(low, value), max(high, value)

    def summed(self) -> Summed:
        values = {
            name: Summary(low, min(high, max(low, total / weight)), high)
            for name, (weight, total, low, high) in self._seen.items()
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
