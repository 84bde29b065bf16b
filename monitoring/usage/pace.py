"""How often each host is sampled: each second while somebody looks, else as it is set."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from monitoring.usage.looks import LEASE, Looked

FAST_S: Final = 1.0


class Pace:
    """Told what is looked at about every second; what it was not told again for as long as a look
    lasts no longer counts, so that a lost database leaves no host at the fast pace."""

    def __init__(self, *, slow_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.slow_s = slow_s
        self._clock = clock
        self._looked: Mapping[int, Looked] = {}
        self._told_at = clock()

    def are(self, looked: Mapping[int, Looked]) -> set[int]:
        """Takes what is looked at now; returns the hosts that were not looked at before."""
        new = looked.keys() - self._present().keys()
        self._looked, self._told_at = looked, self._clock()
        return new

    def interval_s(self, host: int) -> float:
        return min(FAST_S, self.slow_s) if host in self._present() else self.slow_s

    def looked(self, host: int) -> Looked | None:
        """Whose numbers somebody waits for."""
        return self._present().get(host)

    def hosts(self) -> list[int]:
        return list(self._present())

    def _present(self) -> Mapping[int, Looked]:
        lasts_s = LEASE.total_seconds()
        return self._looked if self._clock() - self._told_at < lasts_s else {}
