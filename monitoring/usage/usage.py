"""What all watched hosts use: one sampling per host, one history for all of them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from django.utils import timezone

from monitoring.database import DATABASE_GONE, Database
from monitoring.history.levels import LEVELS
from monitoring.history.recorder import Recorder
from monitoring.usage import looks
from monitoring.usage.disks import disk_readings
from monitoring.usage.pace import Pace
from monitoring.usage.sampling import Sampling
from monitoring.usage.telling import Tick, tell, tell_unknown
from monitoring.usage.ticks import Ticks
from provisioning.drivers.host import HostDriver

log = logging.getLogger(__name__)

_TURN_S: Final = 1.0
_SETTLE_S: Final = 3.0  # after a minute's end, so that its last readings have come


class Samples(Protocol):
    """A sampling under way, as far as a watcher cares."""

    def look_soon(self) -> None: ...
    def close(self) -> None: ...


class Usage:
    """``begin`` samples a host until what it gives back is closed; ``start`` keeps the history."""

    def __init__(
        self,
        *,
        database: Database,
        interval_s: float,
        monitor: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._monitor = monitor
        self._clock = clock
        self._pace = Pace(slow_s=interval_s)
        self._ticks = Ticks()
        self._recorder = Recorder(database=database, clock=clock)
        self._hosts: dict[int, Sampling] = {}  # by the host's key, the latest one
        self._stopped = threading.Event()
        self._minute = LEVELS[0].begin(clock())
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def begin(self, host: int, driver: HostDriver) -> Samples:
        sampling = Sampling(
            host,
            driver,
            database=self._database,
            sink=self._recorder.add,
            interval_s=lambda: self.interval_s(host),
            on_tick=lambda tick: self._tell(host, tick),
        )
        self._hosts[host] = sampling
        sampling.start()
        return sampling

    def interval_s(self, host: int) -> float:
        """How often it is sampled just now."""
        return self._pace.interval_s(host)

    def look(self) -> None:
        """Once a second, asks who looks at what. Raises what the database does."""
        now = timezone.now()
        looked = self._database(lambda: looks.looked_at(self._monitor, now=now))
        for host in self._pace.are(looked):
            self._ticks.begin(host)
            if (sampling := self._hosts.get(host)) is not None:
                sampling.hurry()
        for host in self._ticks.silent(self._pace.hosts()):
            since = self._ticks.latest_at(host)
            tell_unknown(host, looked[host], at=now, since=since or looked[host].read_at)

    def _tell(self, host: int, tick: Tick) -> None:
        now = timezone.now()
        self._ticks.came(host, now)
        if (looked := self._pace.looked(host)) is not None:
            tell(host, looked, tick, at=now)

    def turn(self) -> None:
        """Once a minute, writes the one before. Raises what the database does."""
        minute = LEVELS[0].begin(self._clock() - _SETTLE_S)
        if minute == self._minute:
            return
        self._minute = minute
        self._recorder.write()
        self._hosts = {key: each for key, each in self._hosts.items() if not each.closed}
        self._database(lambda: looks.forget(now=timezone.now()))
        hosts = list(self._hosts)
        if hosts:
            self._recorder.add(self._database(lambda: disk_readings(hosts)), source="cgroup")

    def _run(self) -> None:
        while not self._stopped.wait(_TURN_S):
            try:
                self.look()
                self.turn()
            except DATABASE_GONE as error:
                log.warning("history could not be written: %s", error)
            except Exception:  # a mistake of ours in one minute must not end all later ones
                log.exception("writing history failed unexpectedly")

    def close(self, *, timeout_s: float = 0.5) -> None:
        self._stopped.set()
        for sampling in list(self._hosts.values()):
            sampling.close()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
