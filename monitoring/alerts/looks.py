"""What alerts need from hosts themselves, over the connection that each host's watcher has.

A host in trouble is not offered by its watcher, and one that hangs keeps only its own thread.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from django.utils import timezone

from monitoring.alerts import last_lines, probing
from monitoring.database import DATABASE_GONE, Database
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from sites.models import Host

log = logging.getLogger(__name__)

TURN_S: Final = 5.0
_REST_S: Final = 60.0  # of a host after a mistake of ours, which would be repeated at once


class AlertLooks:
    """A host offered here has its sites asked whose turn has come, and last lines read.

    One thread asks the database for all hosts together; each host for which there is something to
    do gets a thread of its own for as long as that takes, and never two.
    """

    def __init__(self, *, database: Database, turn_s: float = TURN_S) -> None:
        self._database = database
        self._turn_s = turn_s
        self._offered: dict[int, tuple[Host, HostDriver]] = {}
        self._under_way: set[int] = set()
        self._rests_until: dict[int, float] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alert-looks", daemon=True)
        self._thread.start()

    def offer(self, host: Host, driver: HostDriver) -> None:
        """Called by the one watcher of the host, after each read."""
        with self._lock:
            self._offered[host.pk] = host, driver

    def close(self, *, timeout_s: float = 0.5) -> None:
        self._stopped.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped.wait(self._turn_s):
            try:
                self.turn()
            except DATABASE_GONE as error:
                log.info("alerts: the database failed, trying again: %s", error)
            except Exception:  # a mistake of ours in one round must not end all later ones
                log.exception("looking for what alerts need failed unexpectedly")

    def turn(self) -> None:
        """What was offered since the last one: a host that is no longer read is not asked."""
        with self._lock:
            offered, self._offered = self._offered, {}
        now = time.monotonic()
        free = [key for key in offered if self._is_free(key, now)]
        if not free:
            return
        for key in self._database(lambda: _with_work(free)):
            self._under_way.add(key)
            threading.Thread(
                target=self._look, args=offered[key], name=f"alert-looks-{key}", daemon=True
            ).start()

    def _is_free(self, key: int, now: float) -> bool:
        return key not in self._under_way and now >= self._rests_until.get(key, 0.0)

    def _look(self, host: Host, driver: HostDriver) -> None:
        try:
            self._read_lines(host.pk, driver)
            self._probe(host.pk, driver)
        except DATABASE_GONE as error:
            log.warning("what was seen of %s could not be stored: %s", host.name, error)
        except DriverError as error:
            log.info("%s could not be asked: %s", host.name, error.message)
        except Exception:  # a mistake of ours: the other hosts go on, and this one a little later
            log.exception("asking the sites of %s failed unexpectedly", host.name)
            self._rests_until[host.pk] = time.monotonic() + _REST_S
        finally:
            self._under_way.discard(host.pk)

    def _read_lines(self, key: int, driver: HostDriver) -> None:
        wanted = self._database(lambda: last_lines.unread_of(key))
        for alert, lines in last_lines.read(driver, wanted):
            self._database(lambda one=alert, kept=lines: last_lines.keep(one, kept))  # type: ignore[misc]

    def _probe(self, key: int, driver: HostDriver) -> None:
        at = timezone.now()
        proxy, sites = self._database(lambda: probing.due_of(key, now=at))
        if proxy is None:
            return
        for found in probing.look(driver, proxy, sites):
            if self._stopped.is_set():
                return
            self._database(lambda one=found: probing.keep(one, at=timezone.now()))  # type: ignore[misc]


def _with_work(free: list[int]) -> set[int]:
    due = probing.hosts_with_due(free, now=timezone.now())
    return due | last_lines.hosts_with_unread(free)
