from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.alerts.measured import Measured
from monitoring.history.packing import packed
from monitoring.history.summaries import Summary, Summed
from monitoring.models import Point, Series
from tests.monitoring.alerts.world import World


def test_it_is_read_now_and_then_and_by_an_index(world: World) -> None:
    """History has a million points after a year: no read may go through all of them."""
    host, measured = world.host(), Measured()
    series = Series.objects.create(kind="host", host=host)
    summed = Summed(1, "cgroup", {"load1": Summary(1, 2, 3)})
    at = world.now - timedelta(seconds=70)
    Point.objects.create(series=series, level=0, at=at, data=packed("host", summed))
    with CaptureQueriesContext(connection) as asked:
        for seconds in (0, 5, 10, 15):
            now = world.now + timedelta(seconds=seconds)
            assert measured.latest({"host"}, now=now) == {("host", host.pk): {"load1": 2}}
            measured.disks_before(now=now)
    assert len(asked) == 4
    if connection.vendor == "sqlite":  # the other's planner goes by sizes, which are small here
        for query in asked.captured_queries:
            if "monitoring_point" in query["sql"]:
                plan = plan_of(query["sql"])
                assert "SEARCH monitoring_point USING INDEX" in plan, plan
                assert "SCAN monitoring_point" not in plan, plan


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql.replace('%', '%%')}")
        return "\n".join(str(row) for row in cursor.fetchall())
