from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import OperationalError
from django.utils import timezone

from monitoring.models import Monitor
from monitoring.sweeper import Sweeper
from provisioning import engine
from provisioning.models import Operation
from tests.monitoring.waiting import until
from tests.provisioning.rows import COMMAND, make_host

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    yield Monitor.objects.create(name="a", alive_until=timezone.now())


def swept(monitor: Monitor) -> bool:
    monitor.refresh_from_db()
    return monitor.swept_at is not None


def test_it_sweeps_operations_and_idle_connections_again_and_again(monitor: Monitor) -> None:
    late = engine.start("host.refresh", make_host(), actor=COMMAND)
    Operation.objects.update(deadline_at=timezone.now())
    closed: list[int] = []
    sweeper = Sweeper("a", close_idle=lambda: closed.append(1), every_s=0.01)
    sweeper.start()
    until(lambda: len(closed) >= 2)
    sweeper.stop()
    late.refresh_from_db()
    assert late.status == "failed"
    assert swept(monitor)


@pytest.mark.parametrize("error", [OperationalError("database is locked"), ValueError("a bug")])
def test_it_survives_what_goes_wrong(monitor: Monitor, error: Exception) -> None:
    failures = [error, error]

    def sweep() -> None:
        if failures:
            raise failures.pop()

    sweeper = Sweeper("a", sweep=sweep, close_idle=lambda: None, every_s=0.01)
    sweeper.start()
    until(lambda: swept(monitor))
    sweeper.stop()
