"""What is accepted, what is not, and that nothing is begun without a trace."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from audit.actor import Actor
from audit.models import Entry
from provisioning import engine
from provisioning.engine.errors import BadParams, Busy, Conflict, Refused, UnknownVerb
from provisioning.models import Operation
from provisioning.operations import VERBS, verbs_of
from provisioning.site_templates.models import SiteTemplate
from tests.provisioning.rows import COMMAND, make_container, make_host
from tests.provisioning.site_rows import make_quarantine, make_site

pytestmark = pytest.mark.django_db


def person(name: str, role: str | None) -> Actor:
    user = User.objects.create_user(name)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return Actor(user_id=user.pk, name=name, source="console")


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    rung: list[int] = []
    monkeypatch.setattr("provisioning.engine.accept.ring", rung.append)
    return rung


def test_an_accepted_operation_is_a_row_an_intent_and_then_a_bell(
    bells: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    container = make_container(make_host())
    with django_capture_on_commit_callbacks(execute=True):
        row = engine.start("container.restart", container, actor=COMMAND)
        assert bells == []  # not before the commit
    assert bells == [row.pk]
    assert (row.status, row.lock) == ("queued", f"container:{container.pk}")
    entry = Entry.objects.get(operation_id=row.pk)
    assert (entry.phase, entry.action, entry.status) == ("intent", "container.restart", "accepted")
    assert (entry.target_name, entry.host_name, entry.actor_name) == (
        "shop-web-1",
        "web1",
        "os:root",
    )


def test_the_same_request_joins_the_running_one(bells: list[int]) -> None:
    container = make_container(make_host())
    first = engine.start("container.restart", container, actor=COMMAND)
    second = engine.start("container.restart", container, actor=COMMAND)
    assert first.pk == second.pk
    assert Operation.objects.count() == 1
    assert Entry.objects.filter(phase="event", after={"joined": first.pk}).count() == 1


def test_another_request_for_the_same_target_is_told_who_is_at_it(bells: list[int]) -> None:
    container = make_container(make_host())
    first = engine.start("container.restart", container, actor=COMMAND)
    with pytest.raises(Busy, match="os:root started container.restart") as caught:
        engine.start("container.stop", container, actor=COMMAND)
    assert caught.value.details["operation"] == first.pk
    assert caught.value.details["since"] == first.created_at
    assert Entry.objects.filter(status="refused", error_code="busy").count() == 1


def test_two_containers_of_a_host_do_not_wait_for_each_other(bells: list[int]) -> None:
    host = make_host()
    for name in ("one", "two"):
        engine.start("container.restart", make_container(host, name), actor=COMMAND)
    assert Operation.objects.count() == 2


def test_an_ended_operation_frees_the_target(bells: list[int]) -> None:
    container = make_container(make_host())
    row = engine.start("container.restart", container, actor=COMMAND)
    engine.cancel(row, actor=COMMAND)
    assert engine.start("container.stop", container, actor=COMMAND).pk != row.pk


@pytest.mark.parametrize("role", [None, "viewer"])
@pytest.mark.parametrize("kind", sorted(VERBS))
def test_who_lacks_the_permission_changes_nothing_and_is_on_record(
    kind: str, role: str | None, bells: list[int]
) -> None:
    host = make_host()
    site = make_site(host, domain="shop.example.com")
    things: dict[str, Any] = {
        "container": make_container(host), "host": host, "site": site,
        "domain": site.domains.get(), "quarantine": make_quarantine(host),
        "template": SiteTemplate.objects.create(slug="plain"),
    }  # fmt: skip
    target = things[VERBS[kind].target_type] if VERBS[kind].target else None
    with pytest.raises(Refused):
        engine.start(kind, target, actor=person("bob", role))
    assert not Operation.objects.exists()
    entry = Entry.objects.get(action=kind)
    assert (entry.status, entry.actor_name, entry.error_code) == ("refused", "bob", "forbidden")


@pytest.mark.parametrize("kind", sorted(verb.kind for verb in verbs_of("container")))
def test_an_operator_may_act_on_containers(kind: str, bells: list[int]) -> None:
    container = make_container(make_host())
    name = container.name if VERBS[kind].confirm else None
    alice = person("alice", "operator")
    assert engine.start(kind, container, actor=alice, confirm_name=name).actor_name == "alice"


def test_an_operator_may_not_approve_keys() -> None:
    with pytest.raises(Refused):
        engine.start("host.approve-key", make_host(), actor=person("alice", "operator"))


def test_a_disabled_account_may_nothing() -> None:
    alice = person("alice", "admin")
    User.objects.filter(username="alice").update(is_active=False)
    with pytest.raises(Refused):
        engine.start("container.start", make_container(make_host()), actor=alice)


BAD: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("container.explode", {}, UnknownVerb, "kind"),
    ("container.stop", {"grace_s": -1}, BadParams, "grace_s"),
    ("container.stop", {"grace_s": 100_000}, BadParams, "grace_s"),
    ("container.stop", {"grace_s": "soon"}, BadParams, "grace_s"),
    ("container.stop", {"force": True}, BadParams, "force"),
    ("container.kill", {"signal": "SIGKILL; rm -rf /"}, BadParams, "signal"),
    ("container.remove", {}, BadParams, "confirm_name"),
    ("host.test", {}, BadParams, "target_id"),
]


@pytest.mark.parametrize(("kind", "params", "error", "field"), BAD)
def test_a_wrong_request_names_the_field_and_begins_nothing(
    kind: str, params: dict[str, Any], error: type[Exception], field: str, bells: list[int]
) -> None:
    with pytest.raises(error) as caught:
        engine.start(kind, make_container(make_host()), actor=COMMAND, params=params)
    assert caught.value.field == field  # type: ignore[attr-defined]
    assert not Operation.objects.exists()


def test_an_idempotency_key_stands_for_one_operation(bells: list[int]) -> None:
    container = make_container(make_host())
    first = engine.start("container.stop", container, actor=COMMAND, idempotency_key="k1")
    engine.cancel(first, actor=COMMAND)
    again = engine.start("container.stop", container, actor=COMMAND, idempotency_key="k1")
    assert again.pk == first.pk
    with pytest.raises(Conflict) as caught:
        engine.start("container.start", container, actor=COMMAND, idempotency_key="k1")
    assert caught.value.code == "idempotency_key_reused"


def test_a_request_for_many_says_what_was_accepted_and_what_was_not(bells: list[int]) -> None:
    host = make_host()
    rows = [make_container(host, name) for name in ("one", "two", "three")]
    engine.start("container.stop", rows[1], actor=COMMAND)
    batch, accepted, refused = engine.start_many("container.restart", rows, actor=COMMAND)
    assert [row.target_name for row in accepted] == ["one", "three"]
    assert {row.batch for row in accepted} == {batch}
    assert [(target, error.code) for target, error in refused] == [(rows[1], "busy")]


def test_removing_many_is_confirmed_by_their_number(bells: list[int]) -> None:
    rows = [make_container(make_host(), name) for name in ("one",)]
    with pytest.raises(BadParams):
        engine.start_many("container.remove", rows, actor=COMMAND, confirm_count=2)
    assert engine.start_many("container.remove", rows, actor=COMMAND, confirm_count=1)[1]


def test_no_audit_no_operation(bells: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**values: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("provisioning.engine.accept.record", full)
    with pytest.raises(OSError, match="disk full"):
        engine.start("container.restart", make_container(make_host()), actor=COMMAND)
    assert not Operation.objects.exists()
    assert bells == []
