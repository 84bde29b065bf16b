"""The way of many threads to the database: few connections, kept, and made anew when they break.

A connection per watcher would be a hundred for a hundred hosts, which is all that PostgreSQL allows
by default; SQLite has one writer at a time, and threads of one process waiting for each other in
its busy loop would lose milliseconds each.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Final, Protocol, TypeVar

from django.db import Error, InterfaceError, OperationalError, connection

log = logging.getLogger(__name__)

T = TypeVar("T")
THREADS: Final = {"sqlite": 1, "postgresql": 4}
KEEP_S: Final = 300.0
# Locked, restarted, out of reach: nobody's mistake, and over some time.
DATABASE_GONE: Final = (OperationalError, InterfaceError)


class Database(Protocol):
    """Does the work and gives back its result, wherever that takes place."""

    def __call__(self, work: Callable[[], T], /) -> T: ...


class DatabaseThreads:
    """Call it with work that may be done twice: a broken connection is replaced and it is retried.

    ``size`` threads with a connection each. Raises what the work raises.
    """

    def __init__(self, *, size: int | None = None) -> None:
        self._jobs: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        count = size or THREADS.get(connection.vendor, 1)
        self._threads = [
            threading.Thread(target=self._serve, name=f"database-{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def __call__(self, work: Callable[[], T], /) -> T:
        return self.begin(work).result()

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Has it done without waiting for it."""
        done: Future[T] = Future()
        self._jobs.put((work, done))
        return done

    def close(self, *, timeout_s: float = 1.0) -> None:
        """Do what was begun, close the connections, and end."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(timeout_s)

    def _serve(self) -> None:
        opened_at = time.monotonic()
        while (job := self._jobs.get()) is not None:
            if time.monotonic() - opened_at > KEEP_S:
                connection.close()
                opened_at = time.monotonic()
            _do(*job)
            del job
        connection.close()


def _do(work: Callable[[], Any], done: Future[Any]) -> None:
    try:
        done.set_result(_patiently(work))
    except Exception as error:  # raised again in the thread that waits for the result
        _drop_connection()
        done.set_exception(error)


def _patiently(work: Callable[[], T]) -> T:
    try:
        return work()
    except Error:
        _drop_connection()
        return work()


def _drop_connection() -> None:
    """After an error the connection may be broken or in the middle of something."""
    try:
        connection.close()
    except Exception:  # it is given up either way; a driver may raise anything here
        log.debug("closing a broken database connection failed", exc_info=True)
