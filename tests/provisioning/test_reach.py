"""What is known of the way to a host, and what is told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning import reach
from provisioning.drivers.errors import DriverError
from sites.models import Host
from tests.provisioning.rows import make_host

pytestmark = pytest.mark.django_db

BLACK_HOLE = DriverError("web1 (192.0.2.1:22): no answer, the connection timed out", "unreachable")
APPROVED, OTHER = "ssh-ed25519 QUJD", "ssh-ed25519 REVG"


@pytest.fixture
def published(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr(
        reach,
        "publish",
        lambda topics, message, **given: messages.append({**message, "topics": topics}),
    )
    monkeypatch.setattr("provisioning.reach.transaction.on_commit", lambda work: work())
    return messages


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [message["type"] for message in messages]


def test_a_failure_is_kept_with_its_code_and_advice_and_tells_since_when(
    published: list[dict[str, Any]],
) -> None:
    host = make_host()
    reach.failed(host, BLACK_HOLE)
    row = Host.objects.get()
    assert (row.state, row.error_code, row.error) == (
        "unreachable",
        "unreachable",
        BLACK_HOLE.message,
    )
    assert row.advice == BLACK_HOLE.advice
    assert row.state_since > row.created_at
    unknown = published[-1]
    assert unknown["topics"] == ["containers", f"containers.{host.pk}"]
    assert unknown["unknown_since"] == host.inventory_at


def test_the_same_failure_again_writes_and_tells_nothing(published: list[dict[str, Any]]) -> None:
    host = make_host()
    reach.failed(host, BLACK_HOLE)
    before = Host.objects.values().get()
    published.clear()
    reach.failed(Host.objects.get(), BLACK_HOLE)
    assert Host.objects.values().get() == before
    assert published == []


def test_no_answer_is_no_observation(published: list[dict[str, Any]]) -> None:
    host = make_host()
    reach.failed(host, BLACK_HOLE)
    assert Host.objects.get().observed_at is None
    reach.failed(host, DriverError("web1: Docker does not answer", "docker_down"))
    assert Host.objects.get().observed_at is not None


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("host_key_unknown", "key_unapproved"),
        ("host_key_changed", "key_changed"),
        ("docker_down", "no_docker"),
        ("sudo_refused", "no_docker"),
        ("no_shell", "no_docker"),
        ("timeout", "unreachable"),
        ("garbage", "unreachable"),
    ],
)
def test_an_error_code_makes_a_state(code: str, state: str) -> None:
    reach.failed(make_host(), DriverError("web1: something", code))
    assert Host.objects.get().state == state


def test_who_knows_an_outdated_way_writes_nothing(published: list[dict[str, Any]]) -> None:
    host = make_host()
    Host.objects.update(revision=2)
    reach.failed(host, BLACK_HOLE)
    reach.offered(host, OTHER)
    assert not reach.looked_at(host, timezone.now() + timedelta(seconds=9))
    row = Host.objects.get()
    assert (row.state, row.error_code, row.offered_key) == ("reachable", "", "")
    assert row.inventory_at == host.inventory_at
    assert published == []


def test_a_look_makes_a_stale_host_fresh_and_says_so(published: list[dict[str, Any]]) -> None:
    host = make_host(inventory_at=timezone.now() - timedelta(minutes=5))
    now = timezone.now()
    assert reach.looked_at(host, now)
    assert kinds(published) == ["hosts.seen", "hosts.update", "containers.update"]
    assert published[0]["topics"] == ["hosts", "graph", "containers", f"containers.{host.pk}"]
    assert (published[0]["host"], published[0]["at"]) == (host.pk, now)
    assert published[2]["unknown_since"] is None


def test_a_look_at_a_fresh_host_is_one_light_message(published: list[dict[str, Any]]) -> None:
    reach.looked_at(make_host(), timezone.now())
    assert kinds(published) == ["hosts.seen"]


def test_a_look_does_not_make_an_unreachable_host_fresh(published: list[dict[str, Any]]) -> None:
    host = make_host(state="unreachable")
    assert not reach.looked_at(host, timezone.now())
    assert published == []


def test_reached_again_within_the_time_is_known_again(published: list[dict[str, Any]]) -> None:
    host = make_host(state="unreachable", error_code="timeout")
    reach.reached(host)
    assert Host.objects.get().error_code == ""
    assert published[-1]["unknown_since"] is None


def test_reached_but_part_of_it_was_of_no_use() -> None:
    host = make_host()
    reach.reached(host, but=DriverError("web1: not readable", "garbage"))
    row = Host.objects.get()
    assert (row.state, row.error_code, row.error) == ("reachable", "garbage", "web1: not readable")


def test_our_own_failure_blames_nobody_there(published: list[dict[str, Any]]) -> None:
    reach.unwatched(make_host())
    row = Host.objects.get()
    assert (row.state, row.error_code) == ("unreachable", "internal_error")
    assert "says nothing about the host" in row.error


def test_a_first_key_is_to_be_approved() -> None:
    host = make_host(state="new", connection="ssh")
    assert reach.offered(host, OTHER) == Host.State.KEY_UNAPPROVED
    row = Host.objects.get()
    assert (row.state, row.offered_key, row.host_key) == ("key_unapproved", OTHER, "")


def test_another_key_than_the_approved_one_is_a_change() -> None:
    host = make_host(connection="ssh", host_key=APPROVED)
    assert reach.offered(host, OTHER) == Host.State.KEY_CHANGED
    row = Host.objects.get()
    assert (row.state, row.offered_key, row.host_key) == ("key_changed", OTHER, APPROVED)
    assert row.error_code == "host_key_changed"


def test_the_approved_key_again_is_looked_at_anew() -> None:
    host = make_host(connection="ssh", host_key=APPROVED, state="key_changed", offered_key=OTHER)
    assert reach.offered(host, APPROVED) == Host.State.NEW
    row = Host.objects.get()
    assert (row.state, row.offered_key, row.error_code) == ("new", "", "")


def test_a_removed_host_is_told_as_removed(published: list[dict[str, Any]]) -> None:
    reach.publish_host(17)
    assert published == [
        {"type": "hosts.update", "items": [], "removed": [17], "topics": ["hosts"]}
    ]
