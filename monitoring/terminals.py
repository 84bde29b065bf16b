"""Ends terminals that no web process looks after any more, in a thread of its own.

A host that does not answer takes its time, for which nobody else here waits.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from django.db import connection

from monitoring.database import DATABASE_GONE
from monitoring.means import way_to
from provisioning.drivers import pool
from provisioning.drivers.host import HostDriver
from provisioning.terminals.ending import reap
from sites.models import Host

log = logging.getLogger(__name__)

EVERY_S: Final = 3.0
HOSTS_AT_ONCE: Final = 8
T = TypeVar("T")


def start(*, every_s: float = EVERY_S) -> threading.Event:
    """Begins now and goes on until the returned event is set."""
    stopped = threading.Event()
    threading.Thread(target=_run, args=(stopped, every_s), name="terminals", daemon=True).start()
    return stopped


def _run(stopped: threading.Event, every_s: float) -> None:
    while not stopped.is_set():
        try:
            reap(way=driver_of, share=at_once)
        except DATABASE_GONE as error:
            log.warning("terminals cannot be looked after, trying again: %s", error)
        except Exception:  # a mistake of ours in one round must not end all later ones
            log.exception("looking after terminals failed unexpectedly")
        finally:
            connection.close()
        stopped.wait(every_s)


def driver_of(host: Host) -> HostDriver:
    """The one its watcher uses. DriverError when there is none, as when the key has changed."""
    return pool.host_driver(way_to(host))


def at_once(work: Callable[[T], None], parts: list[T]) -> None:
    """Each host by a thread of its own."""

    def alone(part: T) -> None:
        try:
            work(part)
        finally:
            connection.close()

    with ThreadPoolExecutor(HOSTS_AT_ONCE, "terminals") as threads:
        list(threads.map(alone, parts))
