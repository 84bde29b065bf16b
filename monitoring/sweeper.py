"""What the monitor does for operations every few seconds, whatever the database does to it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from django.db import connection
from django.utils import timezone

from monitoring.database import DATABASE_GONE
from monitoring.models import Monitor
from provisioning import engine
from provisioning.drivers import pool
from provisioning.rollouts.advancing import advance_all

log = logging.getLogger(__name__)

SWEEP_S: Final = 5.0


class Sweeper:
    """Runs ``sweep`` in a thread of its own until ``stop``."""

    def __init__(
        self,
        name: str,
        *,
        sweep: Callable[[], object] = engine.sweep,
        go_on: Callable[[], object] = advance_all,
        close_idle: Callable[[], None] = pool.close_idle,
        every_s: float = SWEEP_S,
    ) -> None:
        self._name = name
        self._sweep = sweep
        self._go_on = go_on
        self._close_idle = close_idle
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, timeout_s: float = 0.5) -> None:
        self._stopped.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._once()
            self._stopped.wait(self._every_s)
        connection.close()

    def _once(self) -> None:
        try:
            self._sweep()
            self._go_on()
            Monitor.objects.filter(name=self._name).update(swept_at=timezone.now())
            self._close_idle()
        except DATABASE_GONE as error:
            log.warning("the sweep failed, trying again: %s", error)
            connection.close()
        except Exception:  # a mistake of ours in one round must not end all later ones
            log.exception("the sweep failed unexpectedly")
            connection.close()
