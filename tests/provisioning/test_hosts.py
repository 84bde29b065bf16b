"""Verbs that talk to a host: test, refresh, restart a service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioning import engine
from provisioning.drivers import keys
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.host import Result
from provisioning.drivers.preflight import Step
from provisioning.models import Operation
from sites.models import Container, Credential, Host
from tests.provisioning.rows import COMMAND, make_host

pytestmark = pytest.mark.django_db
UNIT = "caddy.service"
SHOWN = keys.generate_ed25519("host").public_line


def run(kind: str, host: Host, **params: Any) -> Operation:
    row = engine.start(kind, host, actor=COMMAND, params=params)
    engine.run(row.pk)
    row.refresh_from_db()
    host.refresh_from_db()
    return row


def unit(fake: FakeHost, *states: tuple[str, str]) -> None:
    """What `systemctl show` says, one answer a call, the last one for ever."""
    answers = [
        f"Id={UNIT}\nLoadState=loaded\nActiveState={active}\nSubState=x\nActiveEnterTimestamp={at}\n"
        for active, at in states
    ]

    def show(argv: tuple[str, ...]) -> Any:
        return Result(0, answers.pop(0) if len(answers) > 1 else answers[0], "", False, 1)

    fake.answer_by("systemctl", "show", answer=show)


def restarts(fake: FakeHost) -> int:
    return sum("restart" in words for words in fake.ran)


def test_a_service_is_restarted_and_seen_active(fake: FakeHost) -> None:
    unit(fake, ("active", "yesterday"), ("activating", "yesterday"), ("active", "now"))
    row = run("host.restart-service", make_host(), service=UNIT)
    assert (row.status, row.percent) == ("succeeded", 100)
    assert row.message == "caddy.service was restarted on web1 and is active."
    assert [step.percent for step in row.steps.all()] == [10, 30, 50, 90]
    assert ("systemctl", "restart", "--", UNIT) in fake.ran


def test_sudo_is_used_where_the_host_wants_it(fake: FakeHost) -> None:
    unit(fake, ("active", "now"))
    run("host.restart-service", make_host(sudo=True), service=UNIT)
    assert ("sudo", "systemctl", "restart", "--", UNIT) in fake.ran


def test_a_service_that_does_not_come_back_is_a_failure(fake: FakeHost) -> None:
    unit(fake, ("active", "yesterday"), ("failed", "yesterday"))
    row = run("host.restart-service", make_host(), service=UNIT)
    assert (row.status, row.error_code) == ("failed", "not_as_wanted")


def test_what_systemd_refuses_is_passed_on(fake: FakeHost) -> None:
    unit(fake, ("active", "yesterday"))
    fake.answer("systemctl", "restart", exit_code=1, stderr="Access denied")
    row = run("host.restart-service", make_host(), service=UNIT)
    assert row.message == "systemd would not restart caddy.service: Access denied"


def test_a_restart_that_a_dead_worker_made_is_not_made_again(fake: FakeHost) -> None:
    unit(fake, ("active", "now"))
    row = engine.start("host.restart-service", make_host(), actor=COMMAND, params={"service": UNIT})
    journal = {"begun": True, "before": {"ActiveEnterTimestamp": "yesterday"}}
    Operation.objects.filter(pk=row.pk).update(journal=journal)
    engine.run(row.pk)
    row.refresh_from_db()
    assert row.status == "succeeded"
    assert restarts(fake) == 0


@pytest.mark.parametrize("name", ["--now", "a.socket", "x.service; id", "../x.service", ""])
def test_only_the_name_of_a_service_is_taken(name: str) -> None:
    with pytest.raises(engine.EngineError):
        engine.start("host.restart-service", make_host(), actor=COMMAND, params={"service": name})


def test_a_refresh_reads_containers_facts_and_services(fake: FakeHost) -> None:
    fake.answer("systemctl", "list-units", stdout=f"{UNIT} loaded active running Caddy\n")
    host = make_host(state="new", inventory_at=None)
    row = run("host.refresh", host)
    assert row.status == "succeeded"
    assert set(Container.objects.values_list("name", flat=True)) == {"shop-web-1", "shop-db-1"}
    assert (host.state, host.services[0]["name"]) == ("reachable", UNIT)
    assert host.facts["docker_version"] == "20.10.24"
    assert host.inventory_at and host.facts_at and host.services_at


@pytest.fixture
def walk(monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """The verdicts the next test of a host will meet."""
    steps: list[Step] = []

    def preflight(target: Any, *, offered: Any) -> Iterator[Step]:
        if not isinstance(target, type(None)) and hasattr(target, "host_key"):
            offered(target)
        yield from steps

    monkeypatch.setattr("provisioning.operations.host_test.preflight", preflight)
    monkeypatch.setattr("provisioning.operations.host_test.key_of", lambda target: SHOWN)
    return steps


def ssh_host(**values: Any) -> Host:
    credential = Credential(kind="password")
    credential.seal("x")
    credential.save()
    return make_host(connection="ssh", address="192.0.2.1", credential=credential, **values)


def test_a_host_that_passes_is_reachable_and_keeps_its_verdicts(walk: list[Step]) -> None:
    walk += [Step("reach", "ok", "answers"), Step("disk", "warning", "88 % full", "disk_full")]
    host = make_host(state="unreachable")
    row = run("host.test", host)
    assert (row.status, row.message) == ("succeeded", "web1 is ready, with 1 warnings.")
    assert host.state == "reachable"
    assert [step["verdict"] for step in host.preflight] == ["ok", "warning"]


@pytest.mark.parametrize(
    ("approved", "state"), [("", "key_unapproved"), ("ssh-ed25519 AAAA", "key_changed")]
)
def test_first_contact_and_a_changed_key_store_what_was_offered(
    walk: list[Step], approved: str, state: str
) -> None:
    code = "host_key_changed" if approved else "host_key_unknown"
    walk.append(Step("key", "failed", "not the approved key", code))
    host = ssh_host(host_key=approved)
    row = run("host.test", host)
    assert (row.status, row.error_code) == ("failed", code)
    assert (host.state, host.offered_key, host.host_key) == (state, SHOWN, approved)


@pytest.mark.parametrize(
    ("step", "code", "state"),
    [
        ("reach", "refused", "unreachable"),
        ("login", "login_refused", "unreachable"),
        ("docker", "docker_denied", "no_docker"),
        ("docker", "docker_down", "no_docker"),
        ("compose", "compose_missing", "reachable"),
        ("disk", "disk_full", "reachable"),
    ],
)
def test_each_failure_has_its_own_code_words_and_advice(
    walk: list[Step], step: str, code: str, state: str
) -> None:
    walk.append(Step(step, "failed", f"web1: {code}", code))
    host = make_host()
    row = run("host.test", host)
    assert (row.status, row.error_code, row.message) == ("failed", code, f"web1: {code}")
    assert row.advice == DriverError("", code).advice
    assert host.state == state


def test_nothing_is_sent_to_a_host_whose_key_is_not_approved() -> None:
    host = ssh_host(state="key_unapproved")
    row = run("host.refresh", host)
    assert (row.status, row.error_code) == ("failed", "host_key_unknown")


def test_a_changed_key_stops_operations(fake: FakeHost) -> None:
    host = ssh_host(host_key=SHOWN, state="key_changed")
    row = run("host.refresh", host)
    assert (row.status, row.error_code) == ("failed", "host_key_changed")
    assert fake.ran == []
