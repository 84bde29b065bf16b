"""Lines of several containers in the order of their times, as far as they came soon enough.

Pure. A line waits a moment for earlier ones of other containers; what comes later than that is
shown when it comes, for nothing is left out for the sake of order.
"""

from __future__ import annotations

import heapq
from typing import Final

from provisioning.drivers.log_lines import Line

WAIT_S: Final = 0.3

Placed = tuple[str, int, int, Line]  # time, container, number within what came, and the line


class Merge:
    """``now`` is in seconds of any clock that does not go back."""

    def __init__(self, *, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self._heap: list[Placed] = []
        self._came: list[tuple[float, str]] = []  # when, and the latest time among what came
        self._number = 0
        self._latest: dict[int, str] = {}

    def add(self, container: int, lines: list[Line], *, now: float) -> None:
        """Lines of one container stay in its own order, whatever their times say."""
        at = self._latest.get(container, "")
        for line in lines:
            self._number += 1
            at = max(at, line.at)
            heapq.heappush(self._heap, (at, container, self._number, line))
        if lines:
            self._latest[container] = at
            self._came.append((now, at))

    def ready(self, *, now: float) -> list[tuple[int, Line]]:
        """What has waited long enough, and everything earlier."""
        due = [at for came, at in self._came if came <= now - self._wait_s]
        if not due:
            return []
        self._came = self._came[len(due) :]
        latest = max(due)
        found: list[tuple[int, Line]] = []
        while self._heap and self._heap[0][0] <= latest:
            _, container, _, line = heapq.heappop(self._heap)
            found.append((container, line))
        return found

    def wait_s(self, *, now: float) -> float | None:
        """Until the next is due; None: there is nothing."""
        return max(0.0, self._came[0][0] + self._wait_s - now) if self._came else None

    def __len__(self) -> int:
        return len(self._heap)
