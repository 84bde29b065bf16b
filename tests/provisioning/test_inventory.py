"""What a host showed becomes rows: older reads never win, nothing is written without need."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from provisioning import inventory
from provisioning.drivers.fake import fake_container
from sites.granting import give
from sites.models import Container, Host, Site, Tag
from tests.people import person
from tests.provisioning.rows import COMMAND, make_host

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WEB = fake_container(
    "shop-web-1", labels={"com.docker.compose.project": "shop"}, started_at=START, created_at=START
)
READ, EVENT = Container.Source.READ, Container.Source.EVENT


@pytest.fixture
def host() -> Host:
    return make_host(inventory_at=None)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr(
        inventory, "publish", lambda topics, message, **given: messages.append(message)
    )
    return messages


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def writes(work: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        work()
    return [q["sql"] for q in queries if not q["sql"].startswith("SELECT")]


def test_a_container_seen_first_becomes_a_row_and_a_message(
    host: Host, published: list[dict[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        changed = inventory.apply_some(host, [WEB], at=after(1), source=EVENT)
    row = Container.objects.get()
    assert changed == [row.pk]
    assert (row.state, row.state_since, row.observed_at) == ("running", START, after(1))
    assert (row.compose_project, row.site) == ("shop", Site.objects.get())
    assert [item["id"] for item in published[0]["items"]] == [row.pk]


def test_an_older_read_changes_nothing(host: Host) -> None:
    inventory.apply_some(host, [WEB], at=after(10), source=EVENT)
    paused = replace(WEB, state="paused")
    assert inventory.apply_some(host, [paused], at=after(9), source=EVENT) == []
    row = Container.objects.get()
    assert (row.state, row.observed_at, row.version) == ("running", after(10), 1)


def test_a_read_that_showed_the_same_still_makes_older_ones_old(host: Host) -> None:
    inventory.apply_some(host, [WEB], at=after(1), source=EVENT)
    inventory.apply_some(host, [WEB], at=after(10), source=EVENT)
    inventory.apply_some(host, [replace(WEB, state="paused")], at=after(9), source=EVENT)
    row = Container.objects.get()
    assert (row.state, row.observed_at, row.version) == ("running", after(10), 1)


def test_a_read_from_before_the_last_look_at_all_changes_nothing(host: Host) -> None:
    inventory.apply_all(host, [WEB], at=after(1))
    Host.objects.update(inventory_at=after(10))
    inventory.apply_some(host, [replace(WEB, state="paused")], at=after(9), source=EVENT)
    assert Container.objects.get().state == "running"
    inventory.apply_some(host, [replace(WEB, state="paused")], at=after(11), source=EVENT)
    assert Container.objects.get().state == "paused"


def test_a_clock_that_ran_ahead_does_not_hold_the_truth_up(host: Host) -> None:
    inventory.apply_some(host, [WEB], at=after(3600), source=EVENT)
    Host.objects.update(inventory_at=after(3600))
    inventory.apply_some(host, [replace(WEB, state="paused")], at=after(1), source=EVENT)
    assert Container.objects.get().state == "paused"


def test_a_reconciling_read_of_the_same_writes_and_locks_nothing(host: Host) -> None:
    inventory.apply_all(host, [WEB], at=after(1))
    again = writes(lambda: inventory.apply_some(host, [WEB], at=after(2), source=READ))
    assert again == []
    short = replace(WEB, complete=False, image="sha256:0", health="", started_at=None)
    assert writes(lambda: inventory.apply_some(host, [short], at=after(3), source=READ)) == []


def test_a_short_listing_changes_the_state_and_no_more(host: Host) -> None:
    inventory.apply_all(host, [replace(WEB, health="healthy", restart_count=2)], at=after(1))
    short = replace(WEB, complete=False, state="exited", exit_code=3, image="sha256:0")
    inventory.apply_all(host, [short], at=after(2))
    row = Container.objects.get()
    assert (row.state, row.exit_code, row.image) == ("exited", 3, "busybox:latest")
    assert (row.health, row.restart_count, row.site) == ("healthy", 2, Site.objects.get())


def test_what_a_host_no_longer_shows_is_removed_with_its_project(
    host: Host, published: list[dict[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    inventory.apply_all(host, [WEB, fake_container("legacy")], at=after(1))
    gone, site = Container.objects.get(name="shop-web-1").pk, Site.objects.get().pk
    with django_capture_on_commit_callbacks(execute=True):
        inventory.apply_all(host, [fake_container("legacy")], at=after(2))
    assert [row.name for row in Container.objects.all()] == ["legacy"]
    assert not Site.objects.exists()
    assert published == [
        {"type": "containers.update", "host": host.pk, "items": [], "removed": [gone]},
        {"type": "sites.update", "items": [], "removed": [site]},
    ]


def test_a_managed_site_stays_without_containers(host: Host) -> None:
    Site.objects.create(host=host, project="shop", name="shop", managed=True)
    inventory.apply_all(host, [WEB], at=after(1))
    inventory.apply_all(host, [], at=after(2))
    assert Site.objects.get().managed


def test_a_container_made_after_the_list_was_asked_for_stays(host: Host) -> None:
    inventory.apply_some(host, [WEB], at=after(5), source=EVENT)
    inventory.apply_all(host, [], at=after(4))
    assert Container.objects.exists()


def test_other_hosts_rows_are_left_alone(host: Host) -> None:
    other = make_host("web2")
    inventory.apply_all(other, [WEB], at=after(1))
    inventory.apply_all(host, [], at=after(2))
    inventory.forget_docker_id(host, WEB.docker_id)
    assert Container.objects.get().host == other


def test_a_thousand_new_containers_are_written_in_few_statements(host: Host) -> None:
    many = [fake_container(f"c{number}") for number in range(1000)]
    assert len(writes(lambda: inventory.apply_all(host, many, at=after(1)))) < 30
    assert Container.objects.count() == 1000


def test_messages_carry_a_hundred_rows_at_most(
    host: Host, published: list[dict[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        inventory.apply_all(
            host, [fake_container(f"c{number}") for number in range(250)], at=after(1)
        )
    assert [len(message["items"]) for message in published] == [100, 100, 50]


@pytest.mark.parametrize(
    ("state", "values", "since"),
    [
        ("exited", {"finished_at": after(2)}, after(2)),
        ("exited", {"finished_at": None}, after(5)),
        ("paused", {"started_at": after(2)}, after(5)),
        ("running", {"started_at": after(3)}, after(3)),
        ("restarting", {"finished_at": after(4)}, after(4)),
    ],
)
def test_a_new_state_begins_when_docker_says(
    host: Host, state: str, values: dict[str, Any], since: datetime
) -> None:
    inventory.apply_some(host, [replace(WEB, state="created")], at=after(1), source=EVENT)
    inventory.apply_some(host, [replace(WEB, state=state, **values)], at=after(5), source=EVENT)
    assert Container.objects.get().state_since == since


def test_a_restart_that_nobody_saw_begins_the_state_anew(host: Host) -> None:
    inventory.apply_some(host, [WEB], at=after(1), source=EVENT)
    inventory.apply_some(host, [replace(WEB, started_at=after(3))], at=after(4), source=EVENT)
    assert Container.objects.get().state_since == after(3)


def test_a_change_without_another_state_keeps_its_age(host: Host) -> None:
    inventory.apply_some(host, [WEB], at=after(1), source=EVENT)
    inventory.apply_some(host, [replace(WEB, health="unhealthy")], at=after(4), source=EVENT)
    row = Container.objects.get()
    assert (row.state_since, row.health) == (START, "unhealthy")


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_leave_the_newest(host: Host) -> None:
    """Whoever comes last to the row: what was read last stays."""
    inventory.apply_all(host, [WEB], at=after(0))
    newest = 40
    barrier = threading.Barrier(4)

    def write(first: int) -> None:
        barrier.wait()
        for second in range(first, newest + 1, 4):
            state = "paused" if second == newest else "exited"
            seen = replace(WEB, state=state, restart_count=second)
            inventory.apply_some(host, [seen], at=after(second), source=EVENT)
        connection.close()

    threads = [threading.Thread(target=write, args=(first,)) for first in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    row = Container.objects.get()
    assert (row.restart_count, row.state, row.observed_at) == (newest, "paused", after(newest))


def test_states_by_docker_id(host: Host) -> None:
    inventory.apply_all(host, [WEB], at=timezone.now())
    assert inventory.states(host) == {WEB.docker_id: "running"}


def test_a_site_changes_with_its_containers(
    published: list[dict[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    host = make_host(inventory_at=None)
    with django_capture_on_commit_callbacks(execute=True):
        inventory.apply_all(host, [WEB], at=after(1))
    assert [(item["name"], item["running"]) for item in _sites(published)] == [("shop", 1)]
    with django_capture_on_commit_callbacks(execute=True):
        inventory.apply_all(host, [], at=after(2))
    gone = [message["removed"] for message in published if message["type"] == "sites.update"]
    assert gone[-1] != []


def _sites(published: list[dict[str, Any]]) -> list[dict[str, Any]]:
    updates = [message for message in published if message["type"] == "sites.update"]
    return [item for message in updates for item in message["items"]]


@pytest.mark.parametrize("held", [True, False])
def test_an_empty_project_stays_while_it_has_tags_or_roles(host: Host, held: bool) -> None:
    """Else `compose down` and `up` would make a row anew, without them."""
    inventory.apply_all(host, [WEB], at=after(1))
    site = Site.objects.get()
    charlie, operator = person("charlie"), person("alice").groups.get()
    if held:
        give(operator, to=charlie, on=site, actor=COMMAND)
    else:
        site.tags.add(Tag.objects.create(name="client-a"))
    inventory.apply_all(host, [], at=after(2))
    inventory.apply_all(host, [WEB], at=after(3))
    assert Site.objects.get() == site and Container.objects.get().site == site
    assert Container.objects.visible_to(charlie).exists() is held

    site.grant_set.all().delete()
    site.tags.clear()
    inventory.apply_all(host, [], at=after(4))
    assert not Site.objects.exists()
