"""The monitor's thread that judges all rules every few seconds, whatever the database does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, connection
from django.utils import timezone

from monitoring.alerts import defaults
from monitoring.alerts.measured import Measured
from monitoring.alerts.turning import turn
from monitoring.database import DATABASE_GONE

log = logging.getLogger(__name__)

TURN_S: Final = 5.0


class AlertTurns:
    """Runs in a thread of its own from ``start`` until ``stop``."""

    def __init__(
        self, *, every_s: float = TURN_S, clock: Callable[[], datetime] = timezone.now
    ) -> None:
        self._every = timedelta(seconds=every_s)
        self._clock = clock
        self._measured = Measured()
        self._has_rules = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, timeout_s: float = 0.5) -> None:
        self._stopped.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped.wait(self._every.total_seconds()):
            self.once()
        connection.close()

    def once(self) -> None:
        """Never raises. What fails here is ours, says nothing of anybody's site, and is tried
        again: the turn was one transaction."""
        try:
            if not self._has_rules:
                defaults.make_missing()
                self._has_rules = True
            turn(self._measured, now=self._clock(), every=self._every)
        except DATABASE_GONE as error:
            log.warning("alerts could not be judged, trying again: %s", error)
            connection.close()
        except IntegrityError as error:  # something was removed between reading and writing
            log.info("alerts are judged again: %s", error)
            connection.close()
        except Exception:  # a mistake of ours in one round must not end all later ones
            log.exception("judging alerts failed unexpectedly")
            connection.close()
