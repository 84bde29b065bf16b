"""The monitor's thread that judges all rules every few seconds, whatever the database does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.db import IntegrityError, connection
from django.utils import timezone

from monitoring.alerts import defaults
from monitoring.alerts.measured import Measured
from monitoring.alerts.turning import turn
from monitoring.repeating import Repeating

log = logging.getLogger(__name__)

TURN_S: Final = 5.0


class AlertTurns(Repeating):
    """What fails here is ours, says nothing of anybody's site, and is tried again: a turn is one
    transaction."""

    what: ClassVar[str] = "alerts"
    at_once: ClassVar[bool] = False

    def __init__(
        self, *, every_s: float = TURN_S, clock: Callable[[], datetime] = timezone.now
    ) -> None:
        super().__init__(every_s=every_s)
        self._clock = clock
        self._measured = Measured()
        self._has_rules = False

    def _work(self) -> None:
        try:
            if not self._has_rules:
                defaults.make_missing()
                self._has_rules = True
            turn(self._measured, now=self._clock(), every=timedelta(seconds=self._every_s))
        except IntegrityError as error:  # something was removed between reading and writing
            log.info("alerts are judged again: %s", error)
            connection.close()
