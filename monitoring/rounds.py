"""Things looked at now and then: one thread asks which have work, each is looked at in its own.

So one that hangs keeps nothing but its own thread, and is not looked at twice at once.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import ClassVar, Final, Generic, TypeVar

from monitoring.database import DATABASE_GONE, Database
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from sites.models import Host

log = logging.getLogger(__name__)

T = TypeVar("T")
TURN_S: Final = 5.0


class Rounds(ABC, Generic[T]):
    """Has a turn every ``turn_s`` from ``start`` to ``close``.

    A kind of rounds says which things have work, by their keys, and how one is looked at.
    """

    what: ClassVar[str]  # in logs and names of threads
    rest_s: ClassVar[float] = 60.0  # after a mistake of ours, which would be repeated at once

    def __init__(self, *, database: Database, turn_s: float = TURN_S) -> None:
        self._database = database
        self._turn_s = turn_s
        self._under_way: dict[int, T] = {}
        self._rests_until: dict[int, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.what, daemon=True)

    @abstractmethod
    def _due(self, busy: Collection[int]) -> Mapping[int, T]:
        """What has work, without what is busy."""

    @abstractmethod
    def _look_at(self, key: int, thing: T) -> None: ...

    def _name_of(self, key: int, thing: T) -> str:
        return str(key)

    def _failed_ourselves(self, thing: T) -> None:
        """After a mistake of ours, of which the log has more."""

    def start(self) -> None:
        self._thread.start()

    def close(self, *, timeout_s: float = 0.5) -> None:
        """Begins nothing more; what is under way ends as it does."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped.wait(self._turn_s):
            try:
                self.turn()
            except DATABASE_GONE as error:
                log.info("%s: the database failed, trying again: %s", self.what, error)
            except Exception:  # a mistake of ours in one round must not end all later ones
                log.exception("%s: looking for what is due failed unexpectedly", self.what)

    def turn(self) -> None:
        """Begins with everything that has work and is not busy."""
        for key, thing in self._due(self._busy()).items():
            self._under_way[key] = thing
            threading.Thread(
                target=self._look, args=(key, thing), name=f"{self.what}-{key}", daemon=True
            ).start()

    def _busy(self) -> set[int]:
        now = time.monotonic()
        resting = {key for key, until in list(self._rests_until.items()) if until > now}
        return resting | set(self._under_way)

    def _look(self, key: int, thing: T) -> None:
        name = self._name_of(key, thing)
        try:
            self._look_at(key, thing)
        except DATABASE_GONE as error:
            log.warning("%s of %s: this could not be stored: %s", self.what, name, error)
        except DriverError as error:
            log.info("%s of %s: %s", self.what, name, error.message)
        except Exception:  # a mistake of ours: the others go on, and this one a little later
            log.exception("%s of %s: looking failed unexpectedly", self.what, name)
            self._rests_until[key] = time.monotonic() + self.rest_s
            self._failed_ourselves(thing)
        finally:
            self._under_way.pop(key, None)


class OfferedRounds(Rounds[HostDriver]):
    """Over the connection that each host's watcher has: one in trouble is not offered by it."""

    def __init__(self, *, database: Database, turn_s: float = TURN_S) -> None:
        super().__init__(database=database, turn_s=turn_s)
        self._offered: dict[int, HostDriver] = {}
        self._lock = threading.Lock()

    @abstractmethod
    def _with_work(self, hosts: list[int]) -> set[int]:
        """Asked of the database for all of them together."""

    def offer(self, host: Host, driver: HostDriver) -> None:
        """Called by the one watcher of the host, after each read."""
        with self._lock:
            self._offered[host.pk] = driver

    def _due(self, busy: Collection[int]) -> Mapping[int, HostDriver]:
        """Of what was offered since the last turn: a host that is no longer read is not asked."""
        with self._lock:
            offered, self._offered = self._offered, {}
        free = [key for key in offered if key not in busy]
        if not free:
            return {}
        return {key: offered[key] for key in self._database(lambda: self._with_work(free))}

    def _name_of(self, key: int, thing: HostDriver) -> str:
        return thing.name
