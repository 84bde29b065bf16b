"""When each host was last read, and who has been silent for too long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

SILENT_S: Final = 5.0  # without a sample, though one is taken each second


class Ticks:
    """``came`` from any thread; the others from one."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._latest_at: dict[int, datetime] = {}
        self._patient_until: dict[int, float] = {}

    def begin(self, host: int) -> None:
        """It is sampled quickly from now on."""
        self._patient_until[host] = self._clock() + SILENT_S

    def came(self, host: int, at: datetime) -> None:
        self._latest_at[host] = at
        self._patient_until[host] = self._clock() + SILENT_S

    def latest_at(self, host: int) -> datetime | None:
        return self._latest_at.get(host)

    def silent(self, hosts: Iterable[int]) -> list[int]:
        """Who has not been read for too long; each again only after as long as that."""
        now_s = self._clock()
        found = [host for host in hosts if self._patient_until.get(host, 0.0) <= now_s]
        for host in found:
            self._patient_until[host] = now_s + SILENT_S
        return found
