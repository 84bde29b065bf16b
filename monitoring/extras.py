"""Facts and services of hosts: read now and then by a few threads, so that no watcher waits."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

from django.db import connection

from monitoring.database import DATABASE_GONE
from monitoring.means import Extras
from provisioning.drivers.errors import DriverError
from provisioning.drivers.facts import read_facts
from provisioning.drivers.host import HostDriver
from provisioning.operations.hosts import store_facts, store_services
from provisioning.proxy import moved
from sites.models import Host

log = logging.getLogger(__name__)

EVERY_S: Final = 60.0
DISK_USAGE_EVERY_S: Final = 1800.0  # the engine walks its whole disk for it
THREADS: Final = 4
_DISK_USAGE: Final = (
    "docker_images_bytes",
    "docker_containers_bytes",
    "docker_volumes_bytes",
    "docker_build_cache_bytes",
)

Read = Callable[[int, HostDriver, bool], None]


def follow_moved(key: int, driver: HostDriver, with_disk_usage: bool) -> None:
    """Containers behind a proxy that asks them by their addresses may have others by now."""
    if row := Host.objects.filter(pk=key, proxy__container="").first():
        moved.follow(row, driver)


def read_extras(key: int, driver: HostDriver, with_disk_usage: bool) -> None:
    """Reads and stores facts and services. Raises DriverError and what the database raises."""
    row = Host.objects.filter(pk=key).first()
    if row is None:
        return
    facts = read_facts(driver, disk_usage=with_disk_usage).to_dict()
    if not with_disk_usage:
        facts |= {name: row.facts.get(name) for name in _DISK_USAGE}
    store_facts(row, facts)
    store_services(row, driver)


class Both:
    """What is offered is offered to each."""

    def __init__(self, *several: Extras) -> None:
        self._several = several

    def offer(self, host: Host, driver: HostDriver) -> None:
        for one in self._several:
            one.offer(host, driver)


class ExtraReads:
    """A host offered here is read when its turn has come; else nothing happens."""

    def __init__(
        self, *, read: Read = read_extras, every_s: float = EVERY_S, threads: int = THREADS
    ) -> None:
        self._read = read
        self._every_s = every_s
        self._due: dict[int, float] = {}
        self._disk_usage_due: dict[int, float] = {}
        self._under_way: set[int] = set()
        self._jobs: SimpleQueue[tuple[int, HostDriver] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._serve, name=f"extras-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def offer(self, host: Host, driver: HostDriver) -> None:
        """Called by the one watcher of the host, after each read."""
        key, now = host.pk, time.monotonic()
        if key in self._under_way or now < self._due.get(key, 0.0):
            return
        # Hosts that were all first met at once drift apart.
        self._due[key] = now + self._every_s * random.uniform(0.9, 1.1)  # noqa: S311
        self._under_way.add(key)
        self._jobs.put((key, driver))

    def close(self, *, timeout_s: float = 0.5) -> None:
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(timeout_s)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            key, driver = job
            try:
                self._read(key, driver, self._is_disk_usage_due(key))
            except DriverError as error:
                log.info("facts or services could not be read: %s", error.message)
            except DATABASE_GONE as error:
                log.warning("facts or services could not be stored: %s", error)
            except Exception:  # the thread serves all hosts and must outlive one's surprise
                log.exception("reading facts or services of %s failed unexpectedly", driver.name)
            finally:
                self._under_way.discard(key)
                connection.close()

    def _is_disk_usage_due(self, key: int) -> bool:
        now = time.monotonic()
        if now < self._disk_usage_due.get(key, 0.0):
            return False
        self._disk_usage_due[key] = now + DISK_USAGE_EVERY_S
        return True
