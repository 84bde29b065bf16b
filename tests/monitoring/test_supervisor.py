"""Watchers come and go with the hosts that this monitor holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from monitoring import alive, leases
from monitoring.database import DatabaseThreads
from monitoring.models import Monitor
from monitoring.supervisor import Supervisor
from sites.models import Host
from tests.monitoring.waiting import until
from tests.provisioning.rows import make_host

pytestmark = pytest.mark.django_db(transaction=True)


class Watching:
    """A watcher that only remembers."""

    def __init__(self, key: int) -> None:
        self.key = key
        self.started = self.stopped = self.done = False

    def start(self) -> None:
        self.started = True

    def stop(self) -> None:
        self.stopped = True


class Monitored:
    """A supervisor whose turns the test takes, and what it did."""

    def __init__(self, name: str, database: DatabaseThreads) -> None:
        self.made: list[Watching] = []
        self.forgotten: list[str] = []
        self.supervisor = Supervisor(
            name, database=database, new_watcher=self._new, forget=self.forgotten.append
        )

    def _new(self, key: int) -> Watching:
        self.made.append(Watching(key))
        return self.made[-1]

    def turn(self) -> None:
        self.supervisor._renewed_at = -leases.RENEW_S  # as if the time to renew had come
        self.supervisor.turn()

    def watched(self) -> set[int]:
        return set(self.supervisor.watched())


@pytest.fixture
def database() -> Iterator[DatabaseThreads]:
    made = DatabaseThreads(size=1)
    yield made
    made.close()


@pytest.fixture
def monitor(database: DatabaseThreads) -> Monitored:
    return Monitored("a", database)


def test_a_new_host_gets_a_watcher(monitor: Monitored) -> None:
    monitor.turn()
    assert monitor.made == []
    host = make_host()
    monitor.turn()
    monitor.turn()
    assert [(each.key, each.started) for each in monitor.made] == [(host.pk, True)]


def test_a_removed_host_loses_its_watcher_and_its_connections(monitor: Monitored) -> None:
    make_host()
    monitor.turn()
    Host.objects.all().delete()
    monitor.turn()
    assert monitor.made[0].stopped
    assert monitor.watched() == set()
    until(lambda: monitor.forgotten == ["web1"])


def test_a_changed_revision_starts_another_watcher(monitor: Monitored) -> None:
    make_host()
    monitor.turn()
    Host.objects.update(revision=2)
    monitor.turn()
    assert [each.stopped for each in monitor.made] == [True, False]
    assert monitor.forgotten == []


def test_a_changed_jump_host_starts_other_watchers_behind_it(monitor: Monitored) -> None:
    jump = make_host("jump")
    make_host("web1", via=jump)
    monitor.turn()
    Host.objects.filter(pk=jump.pk).update(revision=2)
    monitor.turn()
    assert [each.stopped for each in monitor.made] == [True, True, False, False]


def test_a_watcher_that_ended_is_replaced(monitor: Monitored) -> None:
    make_host()
    monitor.turn()
    monitor.made[0].done = True
    monitor.turn()
    assert len(monitor.made) == 2


def test_two_monitors_share_and_one_takes_over_from_a_dead_one(database: DatabaseThreads) -> None:
    hosts = {make_host(f"web{number}").pk for number in range(4)}
    one, two = Monitored("a", database), Monitored("b", database)
    for each in (one, two, one, two, one):
        each.turn()
    assert len(one.watched()) == len(two.watched()) == 2
    assert one.watched() | two.watched() == hosts

    past = timezone.now() - timedelta(seconds=1)  # a dies without a word, its time runs out
    Host.objects.filter(monitored_by="a").update(monitored_until=past)
    Monitor.objects.filter(name="a").update(alive_until=past)
    two.turn()
    assert two.watched() == hosts


def test_who_lost_its_lease_stops_watching(database: DatabaseThreads) -> None:
    make_host()
    one = Monitored("a", database)
    one.turn()
    Host.objects.update(monitored_by="b", monitored_until=timezone.now() + leases.LEASE)
    one.turn()
    assert (one.watched(), one.made[0].stopped) == (set(), True)


def test_closing_stops_all_and_gives_back(monitor: Monitored) -> None:
    make_host()
    monitor.turn()
    monitor.supervisor.close()
    assert monitor.made[0].stopped
    row = Host.objects.get()
    assert (row.monitored_by, row.monitored_until) == ("", None)
    assert not Monitor.objects.exists()


def test_a_failing_database_ends_nothing(
    monitor: Monitored, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_host()
    monitor.turn()
    turns: list[int] = []

    def locked() -> None:
        turns.append(1)
        raise OperationalError("database is locked")

    monkeypatch.setattr(monitor.supervisor, "turn", locked)
    monitor.supervisor.run(lambda timeout_s: len(turns) == 3)
    assert len(monitor.watched()) == 1
    assert len([r for r in caplog.records if "the database failed" in r.message]) == 1


def test_a_running_supervisor_shows_that_it_lives(monitor: Monitored) -> None:
    alive.path().unlink(missing_ok=True)
    ended = threading.Event()
    ended.set()
    monitor.supervisor.run(ended.wait)
    assert alive.path().parent.parent == settings.DATA_DIR
    assert alive.path().exists()
