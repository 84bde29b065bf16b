"""The moment by which a call must have ended, passed down instead of a time-out per step."""

from __future__ import annotations

import time


class Deadline:
    """A point on the monotonic clock; every wait below it asks how many seconds are left."""

    __slots__ = ("_end", "timeout_s")

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._end = time.monotonic() + timeout_s

    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - time.monotonic())

    def passed(self) -> bool:
        return time.monotonic() >= self._end

    def within(self, limit_s: float) -> float:
        """Seconds left, but at most ``limit_s``: for one step of a longer call."""
        return min(self.left(), limit_s)
