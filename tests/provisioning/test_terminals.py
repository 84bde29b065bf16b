"""Terminals whose web process is gone, and recordings that are too old or too many."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from audit.models import Entry
from provisioning.drivers.errors import DriverError
from provisioning.drivers.exec_ending import session_of
from provisioning.drivers.exec_frames import Unframed
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.terminal import ExecState, Start
from provisioning.lifeline import TERMINAL, Lifeline
from provisioning.models import RecordingPiece, TerminalSession
from provisioning.terminals import ending, retention, serving
from provisioning.terminals.beginning import shown
from provisioning.terminals.models import LEASE
from sites.models import Host
from tests.provisioning.rows import make_container, make_host
from tests.provisioning.terminal_rows import make_terminal

pytestmark = pytest.mark.django_db
GONE = timedelta(seconds=-1)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    host = FakeHost(containers=[fake_container("shop-web-1")])
    monkeypatch.setattr("provisioning.terminals.way.host_driver", lambda target: host)
    return host


@pytest.fixture
def web1() -> Host:
    return make_host()


def orphan(host: Host, fake: FakeHost) -> TerminalSession:
    """Its process runs, but nobody renews its lease."""
    docker_id = fake.containers["shop-web-1"].docker_id
    container = host.containers.first() or make_container(host, docker_id=docker_id)
    row = make_terminal(container, last=GONE)
    start = Start(argv=("/bin/sh",), mark=row.mark)
    fake.docker.exec_open(docker_id, start, made=row.is_of)
    return row


def test_what_a_killed_web_process_leaves_is_ended(web1: Host, fake: FakeHost) -> None:
    row = orphan(web1, fake)
    assert ending.reap() == 1
    assert fake.terminals[0].code == 137
    row.refresh_from_db()
    assert (row.why, row.left_over) == ("lost", False)
    outcome = Entry.objects.get(action="container.exec", phase="outcome")
    assert outcome.status == "failed"
    assert outcome.after is not None and outcome.after["terminal"] == row.pk
    assert ending.reap() == 0


def test_of_a_web_process_that_died_here_nobody_waits_for_the_lease(
    web1: Host, fake: FakeHost, settings: Settings, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    docker_id = fake.containers["shop-web-1"].docker_id
    container = make_container(web1, docker_id=docker_id)
    row = make_terminal(container, last=LEASE, mark="a" * 32)
    other = make_terminal(container, last=LEASE, mark="b" * 32)
    fake.docker.exec_open(docker_id, Start(argv=("sh",), mark=row.mark), made=row.is_of)
    lines = [Lifeline(mark[0] * 16, kind=TERMINAL) for mark in (row.mark, other.mark)]
    assert ending.reap() == 0
    lines[0]._file.close()  # as the kernel does when it dies
    assert ending.reap() == 1
    assert fake.terminals[0].code == 137
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.why, other.ended_at) == ("lost", None)
    lines[1].close()


def test_what_may_start_a_moment_later_is_not_called_ended(
    web1: Host, fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = orphan(web1, fake)
    state = fake.docker.exec_state
    made = ExecState(running=False, exit_code=None)
    monkeypatch.setattr(fake.fake_docker, "exec_state", lambda exec_id: made)
    assert ending.reap() == 1
    row.refresh_from_db()
    assert row.left_over
    monkeypatch.setattr(fake.fake_docker, "exec_state", state)  # it has started by now
    assert ending.reap(now=timezone.now() + timedelta(minutes=1)) == 1
    assert fake.terminals[0].code == 137
    row.refresh_from_db()
    assert not row.left_over


def test_a_mark_begins_with_the_name_of_the_process(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    marks = {serving.new_mark() for _ in range(3)}
    assert {len(mark) for mark in marks} == {32} and len(marks) == 3
    assert {mark[:16] for mark in marks} == {serving.own_name()}


def test_what_is_looked_after_stays(web1: Host, fake: FakeHost) -> None:
    make_terminal(make_container(web1))
    assert ending.reap() == 0


def test_a_process_that_cannot_be_ended_is_tried_again(web1: Host, fake: FakeHost) -> None:
    row = orphan(web1, fake)
    fake.fail("exec_state", DriverError("web1: no answer", "timeout"))
    ending.reap()
    row.refresh_from_db()
    assert row.left_over and row.ended_at is not None
    assert ending.reap() == 0  # not at once
    assert ending.reap(now=timezone.now() + timedelta(minutes=1)) == 1
    row.refresh_from_db()
    assert not row.left_over and fake.terminals[0].code == 137
    assert Entry.objects.filter(action="container.exec", phase="outcome").count() == 1


def test_a_host_that_does_not_answer_is_asked_once_a_round(web1: Host, fake: FakeHost) -> None:
    rows = [orphan(web1, fake) for _ in range(3)]
    fake.fail("exec_state", DriverError("web1: no answer", "timeout"))
    before = len(fake.ran)
    assert ending.reap() == 3
    assert len(fake.ran) == before + 1
    for row in rows:
        row.refresh_from_db()
        assert row.left_over and row.ended_at is not None


def test_recordings_go_when_they_are_old_and_when_they_are_too_many(
    web1: Host, settings: Settings
) -> None:
    now = timezone.now()
    row = make_container(web1)
    old = make_terminal(row, ended_at=now - timedelta(days=91), recorded_bytes=10)
    first = make_terminal(row, ended_at=now, recorded_bytes=2 << 20)
    last = make_terminal(row, ended_at=now, recorded_bytes=10)
    still_open = make_terminal(row)
    assert retention.forget() == 1
    RecordingPiece.objects.filter(session=first).update(size=2 << 20)
    settings.RECORDINGS_MAX_MB = 1
    assert retention.forget() == 1
    kept = set(RecordingPiece.objects.values_list("session", flat=True))
    assert kept == {last.pk, still_open.pk}
    assert {one.recording for one in TerminalSession.objects.filter(pk__in=(old.pk, first.pk))} == {
        "removed"
    }


def test_a_command_is_shown_without_its_secrets() -> None:
    argv = ("mysql", "--password", "hunter2", "-e", "select 1", "TOKEN=abcdef", "")
    assert shown(argv) == 'mysql --password ••• -e "select 1" TOKEN=••• ""'


def test_frames_may_come_in_any_pieces() -> None:
    data = b"\x01\0\0\0\0\0\0\x05hello" + b"\x02\0\0\0\0\0\0\x06 world"
    for size in range(1, len(data) + 1):
        frames = Unframed()
        pieces = [frames.feed(data[at : at + size]) for at in range(0, len(data), size)]
        assert b"".join(pieces) == b"hello world"


def test_the_number_within_a_container_counts_only_for_that_container() -> None:
    told = f"0::/system.slice/docker-{'a' * 64}.scope\nName:\tsh\nNSpid:\t4711\t17\n"
    assert session_of(told, "a" * 64) == 17
    assert session_of(told, "b" * 64) == 0
    assert session_of("", "a" * 64) == 0
