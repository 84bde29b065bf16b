"""Collects what all hosts use, and writes each minute of it once, in bulk."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping

from monitoring.database import Database
from monitoring.history import writing
from monitoring.history.levels import LEVELS, Level
from monitoring.history.summaries import Tally
from monitoring.metrics import SeriesKey

_MINUTE = LEVELS[0]


class Recorder:
    """``add`` from any thread; ``write`` from one, when a minute has passed.

    ``clock`` gives seconds of the epoch.
    """

    def __init__(self, *, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._tallies: dict[tuple[int, SeriesKey], Tally] = {}
        self._hosts: set[int] = set()  # whose history is looked after here
        self._rolled: dict[tuple[int, int], float] = {}  # by host and level: until when

    def add(
        self,
        readings: Mapping[SeriesKey, Mapping[str, float]],
        *,
        source: str,
        weight_s: float = 1.0,
    ) -> None:
        """What was read just now; it stands for so many seconds."""
        minute = _MINUTE.begin(self._clock())
        with self._lock:
            for key, values in readings.items():
                tally = self._tallies.setdefault((minute, key), Tally())
                tally.add(values, source=source, weight_s=weight_s)

    def write(self) -> None:
        """Writes the minutes that have ended, and what they end. Raises what the database does."""
        now_s = self._clock()
        minutes = self._ended(_MINUTE.begin(now_s))
        if minutes:
            self._database(lambda: writing.write_minutes(minutes))
            self._hosts |= {key.host for key, _, _ in minutes}
        rolled = [self._roll_up(level, now_s) for level in LEVELS[1:]]
        if any(rolled):
            hosts = self._hosts
            self._database(lambda: writing.prune(now_s=now_s, hosts=hosts))

    def _ended(self, present: int) -> list[writing.Minute]:
        """Also those of the future: the clock was set back, and they will not be added to."""
        with self._lock:
            ended = [each for each in self._tallies if each[0] != present]
            taken = [(key, at, self._tallies.pop((at, key)).summed()) for at, key in ended]
        return [(key, float(at), summed) for key, at, summed in taken if summed.values]

    def _roll_up(self, level: Level, now_s: float) -> bool:
        """Whether a step of this level has ended. From fine to coarse, as each level is made of
        the one before; hosts that left off at the same step are done together."""
        end_s, due = level.begin(now_s), defaultdict[float, set[int]](set)
        for host in self._hosts:
            due[self._since_s(host, level)].add(host)
        ended = [(since_s, some) for since_s, some in due.items() if since_s < end_s]
        for since_s, some in ended:
            self._roll_some(level, some, since_s, now_s)
            self._rolled |= {(host, level.number): float(end_s) for host in some}
        return bool(ended)

    def _roll_some(self, level: Level, hosts: set[int], since_s: float, until_s: float) -> None:
        self._database(lambda: writing.roll_up(hosts, level, since_s=since_s, until_s=until_s))

    def _since_s(self, host: int, level: Level) -> float:
        """Where somebody left off, who may have been another monitor."""
        key = host, level.number
        if key not in self._rolled:
            self._rolled[key] = self._database(lambda: writing.rolled_until_s([host], level))
        return self._rolled[key]
