"""What the database takes is what docs/performance.md computes."""

from __future__ import annotations

import pytest
from django.db import connection

from monitoring.models import Point
from tests.benchmarks.history_run import BEGIN_S, DAY_S, HistoryRun
from tests.benchmarks.history_sizes import points_of

THINGS = 24


@pytest.mark.django_db(transaction=True)  # a vacuum has no place within a transaction
def test_history_takes_what_is_computed() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("on PostgreSQL a transaction of another test keeps a vacuum from its work: "
                    "python -m tests.benchmarks history has a database of its own")  # fmt: skip
    run = HistoryRun(THINGS)
    run.until(BEGIN_S + DAY_S)
    assert Point.objects.count() == pytest.approx(THINGS * points_of(DAY_S), rel=0.02)
    assert run.of_computed() == pytest.approx(1, abs=0.1)
