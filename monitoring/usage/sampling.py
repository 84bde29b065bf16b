"""Samples one host in a thread of its own for as long as its connection is followed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from monitoring.backoff import Backoff
from monitoring.database import DATABASE_GONE, Database
from monitoring.metrics import SeriesKey
from monitoring.rates import Readings
from monitoring.usage.docker_stats import DockerStats
from monitoring.usage.members import Members, members_of, of_containers, of_sites
from monitoring.usage.telling import Reading, Tick
from monitoring.usage.tracker import Tracker, Used
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.sampler import Sampler

log = logging.getLogger(__name__)

TIMEOUT_S: Final = 8.0
LOOK_EVERY_S: Final = 60.0  # for containers whose start nobody told of
_MISSED: Final = 3.5  # so many intervals without a sample are a gap
_DOCKER_SHARE: Final = 0.5  # of an interval, for asking Docker


class Sink(Protocol):
    """Takes what was read just now, and how long ago the time before was."""

    def __call__(
        self, readings: Mapping[SeriesKey, Mapping[str, float]], *, source: str, weight_s: float
    ) -> None: ...


class Sampling:
    """``interval_s`` is asked before each sample; ``hurry`` ends a wait when it has become shorter.

    ``on_tick`` gets all that one sample found at once, after ``sink`` had its parts.

    Never raises: a host that cannot be sampled is tried again, and leaves gaps meanwhile.
    """

    def __init__(
        self,
        host: int,
        driver: HostDriver,
        *,
        database: Database,
        sink: Sink,
        interval_s: Callable[[], float],
        on_tick: Callable[[Tick], None] = lambda tick: None,
    ) -> None:
        self._host = host
        self._driver = driver
        self._database = database
        self._sink = sink
        self._interval_s = interval_s
        self._on_tick = on_tick
        self._paced_s = interval_s()  # the interval that the latest wait was begun with
        self._sampled_at: float | None = None
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._sampler: Sampler | None = None
        self._members: Members = {}
        self._looked_at = -LOOK_EVERY_S
        self._thread = threading.Thread(target=self._run, name=f"usage-{host}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def look_soon(self) -> None:
        """Containers came or went."""
        self._looked_at = -LOOK_EVERY_S

    def hurry(self) -> None:
        self._wake.set()

    def close(self) -> None:
        """Returns at once; saying goodbye to a host that hangs takes a while."""
        self._closed.set()
        self._wake.set()
        if (sampler := self._sampler) is not None:
            threading.Thread(target=sampler.close, name="goodbye", daemon=True).start()

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _run(self) -> None:
        pauses = Backoff(most_s=60.0)
        while not self._closed.is_set():
            try:
                self._sample_on(pauses)
            except DriverError as error:
                if not self._closed.is_set():
                    log.info("what is used cannot be read: %s", error.message)
            except DATABASE_GONE as error:
                log.info("host %s: the database failed, trying again: %s", self._host, error)
            except Exception:  # a mistake of ours: this host goes on, and so do the others
                log.exception("sampling host %s failed unexpectedly", self._host)
            self._closed.wait(pauses.next_s())

    def _sample_on(self, pauses: Backoff) -> None:
        """Over one channel, until it ends or this is closed."""
        self._sampler = sampler = Sampler(self._driver, timeout_s=TIMEOUT_S)
        tracker, stats = Tracker(), DockerStats(self._driver.docker)
        try:
            while not self._closed.is_set():
                began = time.monotonic()
                self._once(sampler, tracker, stats)
                pauses.reset()
                self._wait(began)
        finally:
            sampler.close()

    def _once(self, sampler: Sampler, tracker: Tracker, stats: DockerStats) -> None:
        look = time.monotonic() - self._looked_at >= LOOK_EVERY_S
        if look:
            self._looked_at = time.monotonic()
            self._members = self._database(lambda: members_of(self._host))
        interval_s, weight_s = self._interval_s(), self._weight_s()
        # When the pace has just become faster, nothing was missed in the longer interval before.
        longest_s = _MISSED * max(interval_s, self._paced_s)
        sample = sampler.sample(look=look)
        used = Used({}) if sample is None else tracker.step(sample, longest_s=longest_s)
        if look:
            stats.ask_for(self._members.keys() - used.containers.keys())
        by_docker = stats.read(for_s=_DOCKER_SHARE * interval_s)
        parts = self._parts(used, by_docker, stats.latest)
        for readings, source in parts:
            if readings and not self._closed.is_set():
                self._sink(readings, source=source, weight_s=weight_s)
        if (sample is not None or by_docker) and not self._closed.is_set():
            self._on_tick(self._tick(parts))

    def _weight_s(self) -> float:
        """For how long a sample stands: since the one before."""
        before, self._sampled_at = self._sampled_at, time.monotonic()
        if before is None:
            return self._paced_s
        return min(_MISSED * self._paced_s, max(0.001, self._sampled_at - before))

    def _parts(
        self, used: Used, by_docker: Mapping[str, Readings], latest: Mapping[str, Readings]
    ) -> list[tuple[Mapping[SeriesKey, Readings], str]]:
        """Sites come once, with whatever is known of all of their containers."""
        host, members = self._host, self._members
        sites = of_sites(host, {**latest, **used.containers}, members)
        return [
            ({SeriesKey("host", host): used.host} if used.host else {}, "cgroup"),
            (of_containers(host, used.containers, members), "cgroup"),
            (of_containers(host, by_docker, members), "docker"),
            (sites, "docker" if latest else "cgroup"),
        ]

    def _tick(self, parts: Iterable[tuple[Mapping[SeriesKey, Readings], str]]) -> Tick:
        found = {
            key: Reading(values, source)
            for readings, source in parts
            for key, values in readings.items()
        }
        running = [member.container for member in self._members.values()]
        return Tick(found, {SeriesKey("container", self._host, key) for key in running})

    def _wait(self, began: float) -> None:
        """Until the interval has passed, which may become another one meanwhile."""
        self._paced_s = self._interval_s()
        while not self._closed.is_set():
            left_s = began + self._interval_s() - time.monotonic()
            if left_s <= 0:
                return
            self._wake.wait(left_s)
            self._wake.clear()
