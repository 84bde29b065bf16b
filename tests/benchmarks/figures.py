"""A figure: what was measured, against what, and the goal; medians and percentiles of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value of one run. ``goal`` is the most it may be, None when there is none."""

    name: str
    engine: str  # "SQLite" or "PostgreSQL + Redis"
    value: float
    unit: str
    against: str
    goal: float | None = None

    @property
    def reached(self) -> bool:
        return self.goal is None or self.value <= self.goal


def percentile(samples: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; ``share`` from 0 to 1."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(samples: Sequence[float]) -> float:
    return percentile(samples, 0.5)
