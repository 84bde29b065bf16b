from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitoring.health.lag import monitor_health
from monitoring.models import Monitor
from tests.provisioning.rows import make_host

pytestmark = pytest.mark.django_db


def test_how_well_the_monitors_keep_up(django_assert_num_queries: Any) -> None:
    now = timezone.now()
    make_host("web1", inventory_at=now - timedelta(seconds=4))
    make_host("web2", inventory_at=now - timedelta(minutes=5))
    make_host("web3", inventory_at=None)
    make_host("nas", state="unreachable", inventory_at=now - timedelta(days=1))
    Monitor.objects.create(
        name="a", alive_until=now + timedelta(seconds=9), swept_at=now - timedelta(seconds=3)
    )
    Monitor.objects.create(
        name="b", alive_until=now - timedelta(seconds=9), swept_at=now - timedelta(seconds=60)
    )
    with django_assert_num_queries(2):
        health = monitor_health(now=now)
    assert health.to_dict() == {
        "monitors": 1,
        "sweep_age_s": 3.0,
        "hosts": {"reachable": 3, "unreachable": 1},
        "longest_lag_s": 300.0,
        "lag_s": {"web1": 4.0, "web2": 300.0, "web3": None},
        "stale": ["web2", "web3"],
    }
    assert not health.ok


def test_without_hosts_a_living_monitor_is_enough() -> None:
    assert not monitor_health().ok
    Monitor.objects.create(name="a", alive_until=timezone.now() + timedelta(seconds=9))
    assert monitor_health().ok
