"""Whoever watches hears of each change once, and only of what they may see."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib.auth.models import User

from audit.record import Actor
from monitoring.alerts import acts
from monitoring.alerts.models import Alert
from siteflow.topics import Wish, snapshot
from tests.monitoring.alerts.things import make_alert
from tests.monitoring.alerts.world import World, rule
from tests.provisioning.rows import COMMAND, make_container, make_host
from tests.provisioning.site_rows import make_site

Said = list[tuple[dict[str, Any], Any]]
Commits = Callable[..., AbstractContextManager[list[Any]]]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    messages: Said = []

    def publish(topics: list[str], message: dict[str, Any], *, scope: Any = None) -> None:
        assert topics == ["alerts"] and message["type"] == "alerts.update"
        messages.append((message, scope))

    monkeypatch.setattr("monitoring.alerts.live.publish", publish)
    return messages


def test_a_turn_tells_what_changed_and_nothing_else(
    world: World, said: Said, django_capture_on_commit_callbacks: Commits
) -> None:
    rule("container_down", for_s=8)
    host = world.host()
    site = make_site(host)
    row = world.container(host, site=site)
    steps: list[list[str]] = []
    for number in range(5):
        if number == 1:
            world.exit(row)
        said.clear()
        with django_capture_on_commit_callbacks(execute=True):
            world.turn()
        steps.append([one["state"] for message, _ in said for one in message["items"]])
        for _, scope in said:
            assert scope == {
                "permission": "sites.view_container", "host": host.pk, "site": site.pk,
            }  # fmt: skip
    assert steps == [[], ["pending"], [], ["firing"], []]


def test_one_that_passed_is_told_as_removed(
    world: World, said: Said, django_capture_on_commit_callbacks: Commits
) -> None:
    rule("container_down")
    row = world.container(world.host())
    world.exit(row)
    world.turn()
    key = Alert.objects.get().pk
    world.run(row)
    said.clear()
    with django_capture_on_commit_callbacks(execute=True):
        world.turn()
    assert [(message["items"], message["removed"]) for message, _ in said] == [([], [key])]


def test_an_act_is_told_once_though_it_is_asked_twice(
    db: None, said: Said, django_capture_on_commit_callbacks: Commits
) -> None:
    alert = make_alert(make_host())
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            acts.acknowledge(alert, actor=COMMAND, note="mine")
    assert [one["acknowledged_by"] for message, _ in said for one in message["items"]] == [
        "os:root"
    ]
    assert alert.events.count() == 1


def test_the_snapshot_has_what_is_open(bob: User) -> None:
    host = make_host()
    firing = make_alert(make_container(host))
    make_alert(host, state="resolved")
    told = snapshot(bob, Wish("alerts"))
    assert [one["id"] for one in told["items"]] == [firing.pk] and told["total"] == 1
    assert snapshot(bob, Wish("alerts", ids=(firing.pk, 999)))["items"] == told["items"]


def test_who_may_nothing_changes_nothing(db: None, said: Said, charlie: User) -> None:
    alert = make_alert(make_host())
    actor = Actor(user_id=charlie.pk, name="charlie", source="api")
    with pytest.raises(Exception, match="may not acknowledge"):
        acts.acknowledge(alert, actor=actor)
    assert said == [] and not alert.events.exists()
