"""A watcher on a host in memory: what its rows say, and what is told, whatever happens."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import DataError, OperationalError, connection
from django.test.utils import CaptureQueriesContext

from monitoring import following, inspections, watcher
from monitoring.database import DatabaseThreads
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from sites.models import Container, Host, Site
from sites.models.host import stale_after
from sites.schemas import container_out
from tests.monitoring.conftest import WATCHES, NoExtras
from tests.monitoring.waiting import until
from tests.provisioning.rows import make_host

pytestmark = pytest.mark.django_db(transaction=True)

DOWN = DriverError("web1: Docker does not answer", "docker_down")
SOON_S = 0.05


def new_host(**values: Any) -> Host:
    return make_host(**{"state": "new", "inventory_at": None, **values})


def states() -> dict[str, str]:
    return dict(Container.objects.values_list("name", "state"))


def live_states() -> set[str]:
    """What clients are shown."""
    return {container_out(row)["state"] for row in Container.objects.select_related("host", "site")}


def host() -> Host:
    return Host.objects.get()


def calls(fake: FakeHost, call: str) -> int:
    return sum(words[:2] == ("docker", call) for words in fake.ran)


def is_watched(fake: FakeHost) -> bool:
    """The first read is over and the watcher waits for events."""
    return host().inventory_at is not None and bool(fake.fake_docker.streams)


def test_the_first_read_makes_rows_and_projects(fake: FakeHost, watch: WATCHES) -> None:
    watch(new_host())
    until(lambda: host().state == "reachable")
    assert states() == {"shop-web-1": "running", "shop-db-1": "running", "legacy": "running"}
    assert Site.objects.get().project == "shop"
    assert Container.objects.get(name="shop-web-1").site == Site.objects.get()
    assert Container.objects.get(name="legacy").site is None
    assert live_states() == {"running"}


def test_an_event_changes_the_row_at_once(fake: FakeHost, watch: WATCHES) -> None:
    watch(new_host())
    until(lambda: is_watched(fake))
    fake.docker.stop("legacy", grace_s=1)
    until(lambda: states()["legacy"] == "exited")
    told = Container.objects.get(name="legacy")
    assert (told.exit_code, told.source) == (137, "event")
    until(lambda: Container.objects.get(name="legacy").finished_at is not None)
    row = Container.objects.get(name="legacy")
    assert (row.exit_code, row.source, row.state) == (137, "event", "exited")
    assert row.state_since == row.finished_at == fake.containers["legacy"].finished_at


def test_what_has_just_ended_holds_up_nobody(
    fake: FakeHost, watch: WATCHES, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An Engine answers for a container that is ending only when it has cleaned up."""
    watch(new_host())
    until(lambda: is_watched(fake))
    cleaned_up = threading.Event()
    look = fake.fake_docker.container

    def slow(docker_id: str) -> Any:
        if docker_id == fake.containers["legacy"].docker_id:
            cleaned_up.wait(30)
        return look(docker_id)

    monkeypatch.setattr(fake.fake_docker, "container", slow)
    fake.docker.stop("legacy", grace_s=1)
    fake.docker.pause("shop-web-1")
    until(lambda: (states()["legacy"], states()["shop-web-1"]) == ("exited", "paused"))
    cleaned_up.set()


def test_a_burst_of_events_costs_one_look_at_each_container(
    fake: FakeHost, watch: WATCHES, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = fake.fake_docker.containers

    def listing_in_a_storm() -> Any:
        for _ in range(50):
            fake.fake_docker.emit("exec_start: true", fake.containers["shop-db-1"])
            fake.fake_docker.emit("health_status: healthy", fake.containers["shop-web-1"])
        return listing()

    monkeypatch.setattr(fake.fake_docker, "containers", listing_in_a_storm)
    watch(new_host())
    until(lambda: is_watched(fake))
    fake.docker.stop("legacy", grace_s=1)
    until(lambda: Container.objects.get(name="legacy").finished_at is not None)
    assert calls(fake, "container") == 3 + 1 + 1


def test_a_removed_container_goes_with_its_event(
    fake: FakeHost, watch: WATCHES, published: list[dict[str, Any]]
) -> None:
    watch(new_host())
    until(lambda: is_watched(fake))
    key = Container.objects.get(name="legacy").pk
    fake.docker.remove("legacy", force=True)
    until(lambda: "legacy" not in states())
    until(lambda: any(message.get("removed") == [key] for message in published))


def test_a_read_finds_what_no_event_told(fake: FakeHost, watch: WATCHES) -> None:
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    ended = replace(fake.containers["legacy"], state="exited", exit_code=3)
    fake.containers = {
        "legacy": ended,
        "blog-web-1": fake_container("blog-web-1", labels={"com.docker.compose.project": "blog"}),
    }
    until(lambda: states() == {"legacy": "exited", "blog-web-1": "running"})
    until(lambda: [site.project for site in Site.objects.all()] == ["blog"])
    row = Container.objects.get(name="legacy")
    assert (row.exit_code, row.source) == (3, "read")


def test_the_project_goes_after_its_last_container(fake: FakeHost, watch: WATCHES) -> None:
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    fake.docker.remove("shop-web-1", force=True)
    fake.docker.remove("shop-db-1", force=True)
    until(lambda: not Site.objects.exists())


def test_in_time_a_read_finds_what_the_listing_does_not_show(
    fake: FakeHost, watch: WATCHES, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspections, "HEALS_WITHIN_S", 0.3)
    listing = fake.fake_docker.containers
    short = lambda: [replace(each, restart_count=0) for each in listing()]  # noqa: E731
    monkeypatch.setattr(fake.fake_docker, "containers", short)
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    fake.containers["legacy"] = replace(fake.containers["legacy"], restart_count=7)
    until(lambda: Container.objects.get(name="legacy").restart_count == 7)


def test_many_containers_are_there_before_all_are_inspected(
    fake: FakeHost, watch: WATCHES, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspections, "AT_ONCE", 4)
    many = [fake_container(f"c{number}", restart_count=1) for number in range(30)]
    fake.containers = {each.name: each for each in many}
    watch(new_host())
    until(lambda: len(states()) == 30)
    until(lambda: calls(fake, "container") == 30)
    until(lambda: Container.objects.filter(restart_count=1).count() == 30)


def test_somebody_elses_wrong_verdict_is_corrected(fake: FakeHost, watch: WATCHES) -> None:
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    Host.objects.update(state="unreachable", error_code="timeout")
    until(lambda: host().state == "reachable" and host().error_code == "")


def test_somebody_elses_wrong_row_is_corrected_in_full(fake: FakeHost, watch: WATCHES) -> None:
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    Container.objects.filter(name="legacy").update(state="exited", restart_count=9)
    until(lambda: Container.objects.get(name="legacy").restart_count == 0)
    assert states()["legacy"] == "running"


@pytest.mark.parametrize("code", ["garbage", "output_too_large", "docker_error", "timeout"])
def test_one_container_that_cannot_be_read_is_remarked(
    fake: FakeHost, watch: WATCHES, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(inspections, "_AVOIDED_S", 0.3)
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    look = fake.fake_docker.container
    broken = fake.containers["shop-db-1"].docker_id

    def partly(docker_id: str) -> Any:
        if docker_id == broken:
            raise DriverError("web1: the answer for shop-db-1 could not be read", code)
        return look(docker_id)

    with monkeypatch.context() as patch:
        patch.setattr(fake.fake_docker, "container", partly)
        for name in ("legacy", "shop-db-1"):
            fake.containers[name] = replace(fake.containers[name], state="exited", exit_code=1)
        until(lambda: host().error_code == code)
        assert host().state == "reachable"
        until(
            lambda: states() == {"legacy": "exited", "shop-db-1": "exited", "shop-web-1": "running"}
        )
    until(lambda: host().error_code == "")


def test_an_unreadable_event_makes_us_look_at_all_and_is_remarked(
    fake: FakeHost, watch: WATCHES, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_HURRY_S", SOON_S)
    watch(new_host())
    until(lambda: is_watched(fake))
    fake.containers["legacy"] = replace(fake.containers["legacy"], state="exited", exit_code=1)
    fake.fake_docker.streams[0].pending.put({})
    until(lambda: states()["legacy"] == "exited")
    assert (host().state, host().error_code) == ("reachable", "garbage")
    assert len(fake.fake_docker.streams) == 1


def test_a_host_whose_list_is_garbage_is_unknown_until_it_can_be_read(
    fake: FakeHost, watch: WATCHES
) -> None:
    fake.fail("containers", DriverError("web1: Docker's list of containers is none", "garbage"))
    watch(new_host())
    until(lambda: host().error_code == "garbage")
    assert host().state == "no_docker"
    until(lambda: host().state == "reachable")


def test_a_lost_stream_is_taken_up_again_without_a_word(
    fake: FakeHost,
    watch: WATCHES,
    published: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watcher, "_LASTED_S", 0.0)
    watch(new_host())
    until(lambda: is_watched(fake))
    stream = fake.fake_docker.streams.pop()
    fake.docker.stop("legacy", grace_s=1)
    published.clear()
    stream.pending.put(DriverError("web1: Docker's event stream ended", "link_lost"))
    until(lambda: states()["legacy"] == "exited")
    assert host().state == "reachable"
    assert stream.closed
    assert not [message for message in published if message.get("unknown_since")]


def test_a_stream_that_went_silent_for_good_is_opened_anew(
    fake: FakeHost, watch: WATCHES, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_LASTED_S", 0.0)
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    monkeypatch.setattr(fake.fake_docker.streams[0], "answers", lambda: False)
    until(lambda: len(fake.fake_docker.streams) == 2)
    assert host().state == "reachable"


def test_a_link_lost_after_a_long_silence_makes_unreachable_at_once(
    fake: FakeHost, watch: WATCHES, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_LASTED_S", 0.0)
    monkeypatch.setattr(following, "_HUNG_S", 0.0)
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    fake.fail("containers", DriverError("web1: the server does not answer", "link_lost"))
    until(lambda: host().state == "unreachable")
    until(lambda: host().state == "reachable")


def test_rows_of_a_host_that_nobody_watches_turn_unknown(fake: FakeHost, watch: WATCHES) -> None:
    watching = watch(new_host())
    until(lambda: is_watched(fake))
    watching.stop()
    until(lambda: watching.done)
    row = Container.objects.select_related("host", "site").get(name="legacy")
    seen_at = row.host.inventory_at
    assert seen_at is not None
    later = seen_at + stale_after() + timedelta(seconds=1)
    assert container_out(row, now=seen_at)["state"] == "running"
    shown = container_out(row, now=later)
    assert (shown["state"], shown["last_state"]) == ("unknown", "running")
    assert shown["unknown_since"] == seen_at


def test_docker_down_makes_unknown_since_when_and_heals(
    fake: FakeHost, watch: WATCHES, published: list[dict[str, Any]]
) -> None:
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    fake.fail("containers", DOWN)
    until(lambda: host().state == "no_docker")
    row = host()
    assert (row.error_code, row.error) == ("docker_down", DOWN.message)
    assert row.advice
    assert live_states() == {"unknown"}
    until(lambda: any(message.get("unknown_since") for message in published))
    lost = next(message for message in published if message.get("unknown_since"))
    assert lost["topics"] == ["containers", f"containers.{row.pk}"]
    assert (lost["host"], lost["unknown_since"]) == (row.pk, row.inventory_at)
    published.clear()
    until(lambda: host().state == "reachable")
    until(lambda: any(m.get("unknown_since", "") is None for m in published))
    assert live_states() == {"running"}


def test_a_read_that_hangs_makes_unreachable_at_once(fake: FakeHost, watch: WATCHES) -> None:
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    fake.fail("containers", *[DriverError("web1: no answer within 8 s", "timeout")] * 50)
    until(lambda: host().state == "unreachable")
    assert host().error_code == "timeout"


@pytest.mark.parametrize(
    "mistake", [ValueError(), DataError("out of range"), DriverError("web1: what?", "unheard_of")]
)
def test_our_own_mistake_is_not_the_hosts(
    fake: FakeHost,
    watch: WATCHES,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    mistake: Exception,
) -> None:
    watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR, "monitoring.watcher"):
        patch.setattr(fake.fake_docker, "containers", Mock(side_effect=mistake))
        until(lambda: host().state == "unreachable")
    assert host().error_code == "internal_error"
    assert "SiteFlow itself" in host().error
    assert caplog.records[0].exc_info is not None
    until(lambda: host().state == "reachable" and host().error_code == "")


def test_a_failing_database_stops_nobody(fake: FakeHost, watch: WATCHES) -> None:
    threads = DatabaseThreads(size=1)
    failures = [OperationalError("database is locked")] * 2

    def database(work: Any) -> Any:
        if failures:
            raise failures.pop()
        return threads(work)

    watching = watch(new_host(), interval_s=SOON_S, database=database)
    until(lambda: host().state == "reachable")
    watching.stop()
    until(lambda: watching.done)
    threads.close()


def test_a_read_in_which_nothing_changed_is_one_small_write(fake: FakeHost, watch: WATCHES) -> None:
    threads = DatabaseThreads(size=1)
    statements: list[str] = []

    def noted(work: Any) -> Any:
        with CaptureQueriesContext(connection) as queries:
            result = work()
        statements.extend(query["sql"] for query in queries)
        return result

    extras = NoExtras()
    watching = watch(
        new_host(),
        interval_s=SOON_S,
        extras=extras,
        database=lambda work: threads(lambda: noted(work)),
    )
    until(lambda: extras.offered)
    statements.clear()
    extras.offered.clear()
    until(lambda: len(extras.offered) >= 5)
    watching.stop()
    until(lambda: watching.done)
    threads.close()
    writes = [sql for sql in statements if not sql.startswith("SELECT")]
    assert all(sql.startswith('UPDATE "sites_host" SET "inventory_at"') for sql in writes), writes
    assert len(writes) <= len(extras.offered) + 1
    assert len(statements) <= 3 * len(writes) + 2


def test_nobody_logs_in_before_the_key_is_approved(
    fake: FakeHost, watch: WATCHES, published: list[dict[str, Any]]
) -> None:
    connected: list[object] = []

    def connect(target: object) -> FakeHost:
        connected.append(target)
        return fake

    shown = "ssh-ed25519 QUJD"
    row = new_host(connection="ssh", address="192.0.2.1", username="root")
    watch(
        row,
        connect=connect,
        shown_key=lambda host: shown,
        ask_key_every_s=SOON_S,
    )
    until(lambda: host().state == "key_unapproved")
    assert host().offered_key == shown
    assert (connected, fake.ran) == ([], [])


def test_a_changed_key_is_asked_for_until_it_is_the_approved_one_again(
    fake: FakeHost, watch: WATCHES, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "way_to", lambda host: object())
    shown = ["ssh-ed25519 QUJD"]
    row = new_host(
        connection="ssh", address="192.0.2.1", host_key="ssh-ed25519 REVG", state="key_changed"
    )
    watch(row, shown_key=lambda host: shown[-1], ask_key_every_s=SOON_S)
    until(lambda: host().offered_key == shown[0])
    assert (host().state, fake.ran) == ("key_changed", [])
    shown.append("ssh-ed25519 REVG")
    until(lambda: host().state == "reachable")
    assert host().offered_key == ""


def test_a_removed_host_ends_its_watcher(fake: FakeHost, watch: WATCHES) -> None:
    watching = watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    Host.objects.all().delete()
    until(lambda: watching.done)


def test_an_outdated_watcher_ends_and_writes_nothing_more(fake: FakeHost, watch: WATCHES) -> None:
    watching = watch(new_host(), interval_s=SOON_S)
    until(lambda: is_watched(fake))
    Host.objects.update(revision=2)
    fake.containers["news"] = fake_container("news")
    until(lambda: watching.done)
    assert "news" not in states()


def test_a_stopped_watcher_has_no_last_word(fake: FakeHost, watch: WATCHES) -> None:
    """It was in the middle of a call that fails only after somebody else watches the host."""
    asked, answered = threading.Event(), threading.Event()

    def connect(target: object) -> FakeHost:
        asked.set()
        answered.wait(20)
        raise DriverError("web1: no answer", "unreachable")

    watching = watch(make_host(), connect=connect)
    asked.wait(20)
    watching.stop()
    answered.set()
    until(lambda: watching.done)
    assert (host().state, host().error_code) == ("reachable", "")


def test_facts_are_offered_after_each_read(fake: FakeHost, watch: WATCHES) -> None:
    extras = NoExtras()
    watch(new_host(), interval_s=SOON_S, extras=extras)
    until(lambda: len(extras.offered) >= 2)
