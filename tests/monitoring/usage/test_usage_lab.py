"""From a real host over SSH to what the API tells: measured, gone, and back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from monitoring.database import DatabaseThreads
from monitoring.models import Point
from monitoring.usage.usage import Usage
from tests.lab.lab import Lab
from tests.monitoring.lab_hosts import register
from tests.monitoring.waiting import until
from tests.people import logged_in
from tests.provisioning.drivers.lab_targets import opened
from tests.provisioning.rows import make_container

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]


class Clock:
    """Begins twenty minutes ago, at a minute's begin, so that the API shows what it counts."""

    def __init__(self) -> None:
        self.now_s = timezone.now().timestamp() // 60 * 60 - 1200

    def __call__(self) -> float:
        return self.now_s


def steps_seen(user: User, path: str) -> list[float]:
    told: dict[str, Any] = logged_in(user).get(f"/api/metrics/{path}").json()
    return [value for value in told["metrics"]["memory_bytes"]["avg"] if value is not None]


def test_a_host_is_measured_while_it_is_there(lab: Lab, bob: User) -> None:
    host, clock = register(lab.web1, state="reachable"), Clock()
    docker_id = lab.web1.docker("ps", "--quiet", "--no-trunc", "--filter", "name=legacy").strip()
    container = make_container(host, "legacy", docker_id=docker_id)
    database = DatabaseThreads()
    usage = Usage(database=database, interval_s=0.3, clock=clock)
    with opened(lab.web1, command_timeout_s=3) as driver:
        sampling = usage.begin(host.pk, driver)
        until(lambda: written(usage, clock, minutes=2), pause_s=0.5)  # more than an interval
        lab.web1.black_hole()
        sampling.close()
    gone_at = clock.now_s
    for _ in range(3):
        clock.now_s += 60
        usage.turn()
    usage.close()
    database.close()
    newest = Point.objects.filter(level=0).latest("at").at.timestamp()
    assert newest <= gone_at  # no flat line
    assert len(steps_seen(bob, f"containers/{container.pk}")) >= 2
    assert min(steps_seen(bob, f"hosts/{host.pk}")) > 100_000_000


def written(usage: Usage, clock: Clock, *, minutes: int) -> bool:
    """Lets a minute pass, and says whether so many have become history."""
    clock.now_s += 60
    usage.turn()
    return Point.objects.filter(level=0, series__kind="container").count() >= minutes
