"""Running, ending, taking over, sweeping: the row always tells the truth in the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from audit.actor import Actor
from audit.models import Entry
from provisioning import engine
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.engine import worker as running
from provisioning.models import Operation
from sites.models import Container, Host
from tests.people import person
from tests.provisioning.rows import COMMAND, make_container, make_host

pytestmark = pytest.mark.django_db


def accepted(fake: FakeHost, kind: str = "container.restart", **params: Any) -> Operation:
    seen = fake.containers["shop-web-1"]
    row = make_container(make_host(), docker_id=seen.docker_id, state=seen.state)
    return engine.start(kind, row, actor=COMMAND, params=params)


def calls(fake: FakeHost, verb: str) -> int:
    return sum(words[:2] == ("docker", verb) for words in fake.ran)


def dies_at(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Makes the worker end there as a kill would: without a word, its lease running out."""

    class Killed(BaseException):
        pass

    def hit(kind: str, step: str, when: str) -> None:
        if f"{step}/{when}" == place:
            raise Killed

    monkeypatch.setattr("provisioning.engine.running.failpoints.hit", hit)
    monkeypatch.setattr(running, "finish", lambda *args, **values: None)
    monkeypatch.setattr("tests.provisioning.test_run.KILLED", Killed)


KILLED: type[BaseException] = BaseException


def lease_ends(row: Operation) -> None:
    past = timezone.now() - timedelta(seconds=30)
    Operation.objects.filter(pk=row.pk).update(lease_until=past, rung_at=past)


def test_a_restart_ends_with_steps_output_and_both_audit_entries(fake: FakeHost) -> None:
    row = accepted(fake)
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.percent, row.message) == ("succeeded", 100, "shop-web-1: restarted.")
    assert [step.name for step in row.steps.all()] == ["Look", "Act", "Check"]
    assert {step.status for step in row.steps.all()} == {"succeeded"}
    assert [line.text for line in row.output.all()] == ["shop-web-1: running → running"]
    entries = Entry.objects.filter(operation_id=row.pk).order_by("id")
    assert [(entry.phase, entry.status) for entry in entries] == [
        ("intent", "accepted"),
        ("outcome", "succeeded"),
    ]
    before, after = entries[1].before or {}, entries[1].after or {}
    assert before["started_at"] != after["started_at"]
    assert calls(fake, "restart") == 1


def test_the_containers_row_is_right_when_the_operation_ends(fake: FakeHost) -> None:
    row = accepted(fake, "container.stop")
    engine.run(row.pk)
    container = Container.objects.get()
    assert (container.state, container.source, container.exit_code) == ("exited", "operation", 137)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("container.start", "exited", "running"),
        ("container.stop", "running", "exited"),
        ("container.restart", "exited", "running"),
        ("container.kill", "running", "exited"),
        ("container.pause", "running", "paused"),
        ("container.unpause", "paused", "running"),
    ],
)
def test_each_verb_reaches_its_state(fake: FakeHost, kind: str, before: str, after: str) -> None:
    fake.containers["shop-web-1"] = replace(fake.containers["shop-web-1"], state=before)
    row = accepted(fake, kind)
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.message) == ("succeeded", row.message)
    assert Container.objects.get().state == after


def test_removing_forgets_the_row(fake: FakeHost) -> None:
    seen = fake.containers["shop-web-1"]
    container = make_container(make_host(), docker_id=seen.docker_id)
    row = engine.start(
        "container.remove",
        container,
        actor=COMMAND,
        params={"force": True},
        confirm_name=container.name,
    )
    engine.run(row.pk)
    row.refresh_from_db()
    assert row.status == "succeeded"
    assert not Container.objects.filter(pk=container.pk).exists()


def test_what_the_host_refuses_fails_with_code_words_and_advice(fake: FakeHost) -> None:
    fake.fail("restart", DriverError("web1: no space left on device", "disk_full"))
    row = accepted(fake)
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "disk_full")
    assert row.message == "web1: no space left on device"
    assert "Free some space" in row.advice
    assert row.steps.get(name="Act").status == "failed"
    assert Entry.objects.get(operation_id=row.pk, phase="outcome").error_code == "disk_full"


def test_an_error_of_ours_is_called_ours(fake: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.inventory.apply_one", lambda *args, **values: 1 / 0)
    row = accepted(fake)
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "internal_error")
    assert "division" not in row.message


def test_a_time_out_of_the_queue_leaves_an_outcome(fake: FakeHost) -> None:
    row = accepted(fake)

    def times_out(docker_id: str, *, grace_s: int) -> None:
        raise SystemExit

    fake.docker.restart = times_out  # type: ignore[method-assign]
    with pytest.raises(SystemExit):
        engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "internal_error")


def test_a_second_bell_does_nothing(fake: FakeHost) -> None:
    row = accepted(fake)
    engine.run(row.pk)
    engine.run(row.pk)
    assert calls(fake, "restart") == 1


def test_a_running_operation_is_not_taken_while_its_lease_lasts(fake: FakeHost) -> None:
    row = accepted(fake)
    assert running.claim(row.pk) is not None
    assert running.claim(row.pk) is None


@pytest.mark.parametrize(
    "place", ["Look/before", "Look/after", "Act/before", "Act/after", "Check/before", "Check/after"]
)
@pytest.mark.parametrize("kind", ["container.restart", "container.stop", "container.pause"])
def test_a_killed_worker_s_operation_is_finished_by_another_and_done_once(
    fake: FakeHost, monkeypatch: pytest.MonkeyPatch, kind: str, place: str
) -> None:
    row = accepted(fake, kind)
    with monkeypatch.context() as patch:
        dies_at(patch, place)
        with pytest.raises(KILLED):
            engine.run(row.pk)
    row.refresh_from_db()
    assert row.status == "running"
    lease_ends(row)
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("succeeded", 2)
    assert calls(fake, kind.partition(".")[2]) == 1
    assert Entry.objects.filter(operation_id=row.pk, phase="outcome").count() == 1


def test_an_effect_that_never_arrived_is_made_by_the_second_worker(
    fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.operations.containers.SETTLE_S", 0.1)
    row = accepted(fake, "container.restart", grace_s=0)
    Operation.objects.filter(pk=row.pk).update(
        status="running",
        attempts=1,
        started_at=timezone.now(),
        journal={"before": {"state": "running", "started_at": "never"}, "begun": True},
    )
    lease_ends(row)
    engine.run(row.pk)
    row.refresh_from_db()
    assert row.status == "succeeded"
    assert calls(fake, "restart") == 1


def test_a_signal_that_may_have_arrived_is_not_sent_again(fake: FakeHost) -> None:
    row = accepted(fake, "container.kill", signal="SIGHUP")
    Operation.objects.filter(pk=row.pk).update(
        status="running", attempts=1, started_at=timezone.now(), journal={"begun": True}
    )
    lease_ends(row)
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "outcome_unknown")
    assert calls(fake, "kill") == 0


def test_five_dead_workers_are_enough(fake: FakeHost) -> None:
    row = accepted(fake)
    Operation.objects.filter(pk=row.pk).update(
        status="running", attempts=running.MAX_ATTEMPTS, started_at=timezone.now()
    )
    lease_ends(row)
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "gave_up")
    assert calls(fake, "restart") == 0


def test_a_worker_that_lost_its_lease_ends_nothing(fake: FakeHost) -> None:
    row = accepted(fake)

    def slow(docker_id: str, *, grace_s: int) -> None:
        Operation.objects.filter(pk=row.pk).update(worker="another", attempts=2)

    fake.docker.restart = slow  # type: ignore[method-assign]
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.worker) == ("running", "another")
    assert not Entry.objects.filter(operation_id=row.pk, phase="outcome").exists()


def test_a_queued_operation_is_cancelled_at_once(fake: FakeHost) -> None:
    row = engine.cancel(accepted(fake), actor=COMMAND)
    assert (row.status, row.message) == ("cancelled", "Cancelled by os:root.")
    engine.run(row.pk)
    assert calls(fake, "restart") == 0


def test_a_running_operation_is_cancelled_at_its_next_step(fake: FakeHost) -> None:
    row = accepted(fake)
    look = fake.docker.container

    def cancelled_meanwhile(docker_id: str) -> Any:
        engine.cancel(row, actor=COMMAND)
        return look(docker_id)

    fake.docker.container = cancelled_meanwhile  # type: ignore[method-assign]
    engine.run(row.pk)
    row.refresh_from_db()
    assert row.status == "cancelled"
    assert calls(fake, "restart") == 0


def test_an_ended_operation_can_be_retried_and_not_cancelled(fake: FakeHost) -> None:
    fake.fail("restart", DriverError("web1: gone", "link_lost"))
    row = accepted(fake)
    engine.run(row.pk)
    row.refresh_from_db()
    with pytest.raises(engine.EngineError, match="already ended"):
        engine.cancel(row, actor=COMMAND)
    again = engine.retry(row, actor=COMMAND)
    engine.run(again.pk)
    again.refresh_from_db()
    assert (again.status, again.retry_of_id) == ("succeeded", row.pk)


def test_a_deadline_ends_the_operation_between_steps(fake: FakeHost) -> None:
    row = accepted(fake)
    Operation.objects.filter(pk=row.pk).update(started_at=datetime(2026, 1, 1, tzinfo=UTC))
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "deadline")


def test_a_target_that_is_gone_is_said_to_be_gone(fake: FakeHost) -> None:
    row = accepted(fake)
    Container.objects.all().delete()
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "not_found")


def test_the_sweep_rings_for_lost_bells_and_dead_workers(fake: FakeHost) -> None:
    lost = accepted(fake)
    OrmQ.objects.all().delete()
    assert engine.sweep() == 0  # it was rung a moment ago
    Operation.objects.update(rung_at=timezone.now() - timedelta(seconds=6))
    assert engine.sweep() == 1
    Operation.objects.filter(pk=lost.pk).update(
        status="running", lease_until=timezone.now() - timedelta(seconds=1)
    )
    Operation.objects.update(rung_at=timezone.now() - timedelta(seconds=6))
    assert engine.sweep() == 1
    assert engine.sweep() == 0


def test_what_waited_too_long_is_ended_with_the_reason(fake: FakeHost) -> None:
    row = accepted(fake)
    Operation.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
    engine.sweep()
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "not_started")


def test_hosts_in_trouble_leave_workers_free(fake: FakeHost) -> None:
    dead = make_host("dead", state=Host.State.UNREACHABLE)
    rows = [
        engine.start("container.stop", make_container(dead, f"c{number}"), actor=COMMAND)
        for number in range(4)
    ]
    assert [running.claim(row.pk) is not None for row in rows] == [True, True, False, False]
    well = engine.start("container.stop", make_container(make_host("well"), "w"), actor=COMMAND)
    assert running.claim(well.pk) is not None


def test_what_waited_for_room_runs_when_there_is_room(fake: FakeHost) -> None:
    host = make_host()
    rows = []
    for name in ("shop-web-1", "shop-db-1"):
        seen = fake.containers[name]
        container = make_container(host, name, docker_id=seen.docker_id)
        rows.append(engine.start("container.restart", container, actor=COMMAND))
    Operation.objects.update(rung_at=timezone.now() - timedelta(seconds=1))
    engine.run(rows[0].pk)
    assert set(Operation.objects.values_list("status", flat=True)) == {"succeeded"}


def asked_by_alice(fake: FakeHost) -> Operation:
    row = make_container(make_host(), docker_id=fake.containers["shop-web-1"].docker_id)
    actor = Actor(user_id=person("alice").pk, name="alice", source="api")
    return engine.start("container.restart", row, actor=actor)


def test_a_right_lost_while_it_waited_counts(fake: FakeHost) -> None:
    row = asked_by_alice(fake)
    person("alice").groups.clear()
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "forbidden")
    assert row.message == "alice may no longer restart shop-web-1; nothing was begun."
    assert not fake.ran and not row.steps.exists()
    assert Entry.objects.filter(phase="outcome", error_code="forbidden").count() == 1


def test_what_has_begun_is_ended_though_the_right_is_lost(
    fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = asked_by_alice(fake)
    with monkeypatch.context() as patch:
        dies_at(patch, "Act/before")
        with pytest.raises(KILLED):
            engine.run(row.pk)
    lease_ends(row)
    person("alice").groups.clear()
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, calls(fake, "restart")) == ("succeeded", 1)
