"""Work of a monitor that is done again and again, whatever the database does to it."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from typing import ClassVar

from django.db import connection

from monitoring.database import DATABASE_GONE

log = logging.getLogger(__name__)


class Repeating(ABC):
    """Has a thread and a connection of its own from ``start`` until ``stop``."""

    what: ClassVar[str]  # in logs and the thread's name
    at_once: ClassVar[bool] = True  # or only when ``every_s`` has passed

    def __init__(self, *, every_s: float) -> None:
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.what, daemon=True)

    @abstractmethod
    def _work(self) -> None: ...

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, timeout_s: float = 0.5) -> None:
        self._stopped.set()
        self._thread.join(timeout_s)

    def once(self) -> None:
        """Never raises: what fails is tried again the next time."""
        try:
            self._work()
        except DATABASE_GONE as error:
            log.warning("%s: the database failed, trying again: %s", self.what, error)
            connection.close()
        except Exception:  # a mistake of ours in one round must not end all later ones
            log.exception("%s failed unexpectedly", self.what)
            connection.close()

    def _run(self) -> None:
        if not self.at_once:
            self._stopped.wait(self._every_s)
        while not self._stopped.is_set():
            self.once()
            self._stopped.wait(self._every_s)
        connection.close()
