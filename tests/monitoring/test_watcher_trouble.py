"""A watcher in trouble: lost streams, hanging reads, changed keys, and how it ends."""

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

from monitoring import following, watcher
from monitoring.database import DatabaseThreads
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from sites.models import Container, Host
from sites.models.host import stale_after
from sites.schemas import container_out
from tests.monitoring.conftest import WATCHES, NoExtras
from tests.monitoring.test_watcher import (
    DOWN,
    SOON_S,
    host,
    is_watched,
    live_states,
    new_host,
    states,
)
from tests.monitoring.waiting import until
from tests.provisioning.rows import make_host

pytestmark = pytest.mark.django_db(transaction=True)


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
