"""Monitors share the hosts: nobody's host is watched twice for long, no host is left out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitoring import leases
from monitoring.models import Monitor
from sites.models import Host
from tests.provisioning.rows import make_host

pytestmark = pytest.mark.django_db


def turn(name: str, *, living: int) -> None:
    now = timezone.now()
    rows = leases.hosts()
    leases.release(name, leases.to_release(rows, name, living=living, now=now))
    leases.claim(name, leases.to_claim(rows, name, living=living, now=now), now=now)


def held(name: str) -> int:
    now = timezone.now()
    return sum(row.is_held_by(name, now) for row in leases.hosts())


@pytest.fixture
def seven() -> None:
    for number in range(7):
        make_host(f"web{number}")


def test_one_alone_takes_all(seven: None) -> None:
    turn("a", living=leases.announce("a", now=timezone.now()))
    assert held("a") == 7


def test_two_come_to_share_evenly(seven: None) -> None:
    turn("a", living=1)
    for _ in range(2):
        turn("a", living=2)
        turn("b", living=2)
    assert (held("a"), held("b")) == (4, 3)


def test_nobody_takes_what_another_holds(seven: None) -> None:
    turn("a", living=1)
    now = timezone.now()
    leases.claim("b", [row.key for row in leases.hosts()], now=now)
    assert (held("a"), held("b")) == (7, 0)


def test_what_was_not_renewed_in_time_is_free(seven: None) -> None:
    turn("a", living=1)
    later = timezone.now() + leases.LEASE + timedelta(seconds=1)
    rows = leases.hosts()
    assert len(leases.to_claim(rows, "b", living=1, now=later)) == 7
    leases.claim("b", [row.key for row in rows], now=later)
    assert (held("a"), held("b")) == (0, 7)


def test_announcing_renews_everything_in_one_statement(
    seven: None, django_assert_max_num_queries: Any
) -> None:
    leases.announce("a", now=timezone.now())
    turn("a", living=1)
    soon = timezone.now() + timedelta(seconds=10)
    with django_assert_max_num_queries(4):
        leases.announce("a", now=soon)
    assert {row.until for row in leases.hosts()} == {soon + leases.LEASE}


def test_the_living_are_counted_and_the_long_dead_forgotten() -> None:
    now = timezone.now()
    assert leases.announce("a", now=now) == 1
    assert leases.announce("b", now=now) == 2
    assert leases.announce("b", now=now + timedelta(seconds=20)) == 1
    leases.announce("b", now=now + timedelta(hours=2))
    assert [row.name for row in Monitor.objects.all()] == ["b"]


def test_leaving_gives_all_back(seven: None) -> None:
    turn("a", living=leases.announce("a", now=timezone.now()))
    leases.leave("a")
    assert not Host.objects.exclude(monitored_by="", monitored_until=None).exists()
    assert not Monitor.objects.exists()


def test_the_way_counts_the_jump_hosts() -> None:
    jump = make_host("jump", revision=5)
    make_host("web1", via=make_host("inner", via=jump, revision=3))
    ways = {row.name: row.way for row in leases.hosts()}
    assert ways == {"jump": (5,), "inner": (3, 5), "web1": (1, 3, 5)}


def test_a_circle_of_jump_hosts_ends() -> None:
    one = make_host("one")
    two = make_host("two", via=one)
    Host.objects.filter(pk=one.pk).update(via=two)
    assert {row.name: row.way for row in leases.hosts()} == {"one": (1, 1), "two": (1, 1)}


def test_a_host_that_is_being_set_up_is_not_watched(seven: None) -> None:
    make_host("new", state="setup_pending")
    assert "new" not in {row.name for row in leases.hosts()}
    assert len(leases.hosts()) == 7
