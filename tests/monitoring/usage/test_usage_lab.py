"""From a real host over SSH to what the API tells: measured, gone, and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from monitoring.database import DatabaseThreads
from monitoring.models import Point
from monitoring.usage.pace import FAST_S
from monitoring.usage.usage import Usage
from siteflow.feed import FeedLayer
from sites.models import Host
from tests.lab.lab import Lab
from tests.monitoring.lab_hosts import register
from tests.monitoring.waiting import until
from tests.people import logged_in
from tests.provisioning.drivers.lab_targets import opened
from tests.provisioning.rows import make_container
from tests.siteflow.loops import in_loop
from tests.siteflow.sockets import socket_of
from tests.siteflow.test_hub import installed

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


@pytest.fixture
def layer(tmp_path: Path, settings: Settings) -> Iterator[None]:
    settings.ALLOWED_HOSTS = ["testserver"]
    with installed(FeedLayer(path=tmp_path / "feed.sqlite3", bus=tmp_path / "bus", poll_s=0.05)):
        yield


def test_each_second_while_two_look_and_not_when_they_have_gone(
    lab: Lab, bob: User, alice: User, layer: None
) -> None:
    """By itself it would be sampled once an hour: whatever comes, comes because somebody looks."""
    held: dict[str, Any] = {
        "monitored_by": "me",
        "monitored_until": timezone.now() + timedelta(hours=1),
    }
    host = register(lab.web1, state="reachable", inventory_at=timezone.now(), **held)
    database = DatabaseThreads()
    usage = Usage(database=database, interval_s=3600, monitor="me")
    usage.start()
    try:
        with opened(lab.web1) as driver:
            usage.begin(host.pk, driver)
            two_look(host, bob, alice)
            assert usage.interval_s(host.pk) == FAST_S
            until(lambda: usage.interval_s(host.pk) == 3600)
    finally:
        usage.close()
        database.close()


@in_loop
async def two_look(host: Host, *users: User) -> None:
    """Both are told the same ticks: one sample serves all."""
    one, two = users
    async with socket_of(one) as first, socket_of(two) as second:
        told: list[list[str]] = []
        for socket in (first, second):
            answer = await socket.ask("subscribe", topic=f"metrics.host.{host.pk}")
            assert answer["type"] == "subscribed"
        for socket in (first, second):
            heard = [await socket.hear("metrics.update") for _ in range(3)]
            assert all(message["items"][0]["known"] for message in heard)
            assert heard[-1]["items"][0]["values"]["memory_bytes"] > 100_000_000
            assert "cpu_percent" in heard[-1]["items"][0]["values"]
            told.append([message["at"] for message in heard])
        assert set(told[0]) & set(told[1])


def written(usage: Usage, clock: Clock, *, minutes: int) -> bool:
    """Lets a minute pass, and says whether so many have become history."""
    clock.now_s += 60
    usage.turn()
    return Point.objects.filter(level=0, series__kind="container").count() >= minutes
