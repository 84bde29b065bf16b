"""How far back charts look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitoring.history.shown import Wanted


@dataclass(frozen=True, slots=True)
class Span:
    """``refresh_s`` is how often a chart that is open asks for what is new; 0: it is told."""

    key: str
    label: str
    back: timedelta
    refresh_s: int

    @property
    def words(self) -> str:
        """As in "the last hour"."""
        return self.label.removeprefix("1 ")

    def wanted(self, now: datetime) -> Wanted:
        return Wanted(now - self.back, now)


SPANS: Final = {
    span.key: span
    for span in (
        Span("1h", "1 hour", timedelta(hours=1), 60),
        Span("6h", "6 hours", timedelta(hours=6), 600),
        Span("24h", "24 hours", timedelta(days=1), 1200),
        Span("7d", "7 days", timedelta(days=7), 7200),
        Span("30d", "30 days", timedelta(days=30), 28_800),
        Span("1y", "1 year", timedelta(days=365), 28_800),
    )
}
DEFAULT: Final = "1h"
