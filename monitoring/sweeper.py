"""What the monitor does for operations every few seconds, whatever the database does to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from django.utils import timezone

from monitoring.models import Monitor
from monitoring.repeating import Repeating
from provisioning import engine
from provisioning.drivers import pool
from provisioning.rollouts.advancing import advance_all

SWEEP_S: Final = 5.0


class Sweeper(Repeating):
    what: ClassVar[str] = "sweep"

    def __init__(
        self,
        name: str,
        *,
        sweep: Callable[[], object] = engine.sweep,
        go_on: Callable[[], object] = advance_all,
        close_idle: Callable[[], None] = pool.close_idle,
        every_s: float = SWEEP_S,
    ) -> None:
        super().__init__(every_s=every_s)
        self._name = name
        self._sweep = sweep
        self._go_on = go_on
        self._close_idle = close_idle

    def _work(self) -> None:
        self._sweep()
        self._go_on()
        Monitor.objects.filter(name=self._name).update(swept_at=timezone.now())
        self._close_idle()
