"""The moves of a wizard: in order, checked, on record, and never more than the account may."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core import serializers
from django.utils import timezone

from audit.models import Entry
from audit.record import Actor
from provisioning import engine
from provisioning.drivers.keys import generate_ed25519
from provisioning.engine.errors import EngineError
from provisioning.models import Operation, Wizard
from provisioning.operations.contract import VerbError
from provisioning.wizards import moves
from provisioning.wizards.expiry import expire_idle
from provisioning.wizards.shape import wizard_out
from sites.encryption import CannotDecrypt
from sites.granting import give
from sites.models import Credential, Grant, Host
from tests.provisioning.rows import COMMAND, make_host
from tests.provisioning.wizards.walking import CONNECTION, FINGERPRINT, Network, work

pytestmark = pytest.mark.django_db
MARKER = "marker-s3cret"


@pytest.fixture
def me(admin: User) -> Actor:
    return Actor(user_id=admin.pk, name=admin.username, source="api")


def begun(me: Actor, **connection: Any) -> Wizard:
    return moves.start("ssh_host", actor=me, initial={"connection": {**CONNECTION, **connection}})


def with_host(me: Actor, **login: Any) -> Wizard:
    """At the step that tests the login."""
    row = moves.go_on(begun(me), actor=me)
    row = moves.save_step(row, login or {"auth": "generate"}, actor=me)
    return moves.go_on(row, actor=me)


def approved(me: Actor) -> Wizard:
    row = moves.test(with_host(me), actor=me)
    work()
    row = moves.save_step(row, {"fingerprint": FINGERPRINT}, actor=me)
    row = moves.test(row, actor=me)
    work()
    return row


def step(row: Wizard, name: str) -> dict[str, Any]:
    shown = wizard_out(Wizard.objects.get(pk=row.pk))
    found: dict[str, Any] = next(one for one in shown["steps"] if one["name"] == name)
    return found


def refused(call: Any, *args: Any, **values: Any) -> Any:
    with pytest.raises((EngineError, VerbError)) as caught:
        call(*args, **values)
    return caught.value


def test_from_the_first_step_to_a_host_that_is_watched(me: Actor, network: Network) -> None:
    row = with_host(me)
    host = Host.objects.get()
    assert (host.state, host.name) == ("setup_pending", "web9")
    shown = wizard_out(row)
    assert host.credential
    assert f"'{host.credential.public_key}' >> ~/.ssh" in shown["install_line"]
    row = moves.test(row, actor=me)
    assert step(row, "ssh_test")["result"]["status"] == "waiting"
    work()
    result = step(row, "ssh_test")["result"]
    assert (result["status"], result["error_code"]) == ("failed", "host_key_unknown")
    assert wizard_out(Wizard.objects.get())["host"]["offered_fingerprint"] == FINGERPRINT
    row = moves.save_step(row, {"fingerprint": FINGERPRINT}, actor=me)
    row = moves.test(row, actor=me)
    work()
    result = step(row, "ssh_test")["result"]
    assert result["status"] == "passed"
    assert [check["name"] for check in result["checks"]] == ["reach", "key", "login", "shell"]
    row = moves.go_on(row, actor=me)
    assert step(row, "docker_test")["result"]["status"] == "passed"
    row = moves.go_on(row, actor=me)
    row = moves.complete(row, actor=me)
    host.refresh_from_db()
    assert (host.state, row.status, row.secrets) == ("new", "completed", {})
    assert [operation.kind for operation in Operation.objects.order_by("pk")] == [
        "host.add", "host.test", "host.approve-key", "host.test", "host.confirm",
    ]  # fmt: skip
    actions = list(Entry.objects.filter(target_type="wizard").values_list("action", flat=True))
    assert {"wizard.start", "wizard.save", "wizard.complete"} == set(actions)


def test_a_secret_is_kept_encrypted_until_it_is_used_and_told_to_nobody(me: Actor) -> None:
    row = moves.go_on(begun(me), actor=me)
    row = moves.save_step(row, {"auth": "password", "password": MARKER}, actor=me)
    assert row.reveal("password") == MARKER
    assert wizard_out(row)["given"] == ["password"]
    rows = [*Wizard.objects.all(), *Entry.objects.all(), *Operation.objects.all()]
    assert MARKER not in serializers.serialize("json", rows) + json.dumps(str(wizard_out(row)))
    row = moves.go_on(row, actor=me)
    credential = Credential.objects.get()
    assert credential.reveal() == MARKER
    assert Wizard.objects.get().secrets == {}


def test_a_sealed_secret_is_worth_nothing_in_another_wizard(me: Actor) -> None:
    one, other = begun(me), begun(me, name="web8")
    one.seal("password", MARKER)
    other.secrets = one.secrets
    with pytest.raises(CannotDecrypt):
        other.reveal("password")


def test_a_key_is_checked_when_it_is_given_and_kept_while_one_looks_around(me: Actor) -> None:
    row = moves.go_on(begun(me), actor=me)
    error = refused(moves.save_step, row, {"auth": "key", "private_key": "nonsense"}, actor=me)
    assert (error.field, error.code) == ("private_key", "bad_credential")
    assert Wizard.objects.get().secrets == {}
    pair = generate_ed25519("")
    row = moves.save_step(row, {"auth": "key", "private_key": pair.private_text}, actor=me)
    row = moves.go_on(moves.go_back(row, actor=me), actor=me)
    row = moves.save_step(row, {"auth": "key"}, actor=me)
    row = moves.go_on(row, actor=me)
    assert Credential.objects.get().fingerprint == pair.fingerprint


def test_another_way_in_forgets_the_secrets_of_the_first(me: Actor) -> None:
    row = moves.go_on(begun(me), actor=me)
    row = moves.save_step(row, {"auth": "password", "password": MARKER}, actor=me)
    row = moves.save_step(row, {"auth": "generate"}, actor=me)
    assert row.secrets == {}
    assert refused(moves.save_step, row, {"auth": "keep"}, actor=me).field == "auth"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "Web 1"}, "name"),
        ({"name": "taken"}, "name"),
        ({"address": "-oProxyCommand=id"}, "address"),
        ({"port": 0}, "port"),
        ({"via": 4711}, "via"),
        ({"username": ""}, "username"),
        ({"connection": "local"}, "connection"),
        ({"colour": "green"}, "colour"),
        ({"password": MARKER}, "password"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_kept_nowhere(
    me: Actor, values: dict[str, Any], field: str
) -> None:
    make_host("taken")
    row = begun(me)
    error = refused(moves.save_step, row, {**CONNECTION, **values}, actor=me)
    assert (error.status, error.field) == (422, field)
    assert Wizard.objects.get().state == row.state


def test_nobody_goes_on_without_what_the_step_needs(me: Actor, network: Network) -> None:
    empty = moves.start("ssh_host", actor=me)
    assert refused(moves.go_on, empty, actor=me).code == "not_ready"
    assert refused(moves.go_back, empty, actor=me).code == "first_step"
    assert refused(moves.test, empty, actor=me).code == "nothing_to_test"
    row = with_host(me)
    assert refused(moves.go_on, row, actor=me).code == "not_ready"
    assert refused(moves.complete, row, actor=me).code == "not_ready"


def test_a_host_without_docker_may_be_added_one_that_refuses_the_login_not(
    me: Actor, network: Network
) -> None:
    row = approved(me)
    network.wrong = ("login", "login_refused")
    row = moves.test(row, actor=me)
    work()
    assert refused(moves.go_on, row, actor=me).code == "not_ready"
    network.wrong = ("docker", "docker_missing")
    row = moves.test(row, actor=me)
    work()
    row = moves.go_on(row, actor=me)
    result = step(row, "docker_test")["result"]
    assert (result["status"], result["error_code"], result["advice"]) == (
        "failed",
        "docker_missing",
        "Do something.",
    )
    moves.complete(moves.go_on(row, actor=me), actor=me)


def test_another_address_must_be_tested_and_its_key_approved_anew(
    me: Actor, network: Network
) -> None:
    row = approved(me)
    row = moves.go_back(moves.go_back(row, actor=me), actor=me)
    row = moves.save_step(row, {**CONNECTION, "address": "192.0.2.10"}, actor=me)
    row = moves.go_on(row, actor=me)
    row = moves.go_on(moves.save_step(row, {"auth": "keep"}, actor=me), actor=me)
    host = Host.objects.get()
    assert (host.address, host.host_key, row.results) == ("192.0.2.10", "", {})
    assert refused(moves.go_on, row, actor=me).code == "not_ready"


def test_looking_back_without_a_change_keeps_what_was_tested(me: Actor, network: Network) -> None:
    row = approved(me)
    key = Credential.objects.get().fingerprint
    row = moves.go_back(moves.go_back(row, actor=me), actor=me)
    row = moves.go_on(moves.save_step(row, CONNECTION, actor=me), actor=me)
    row = moves.go_on(row, actor=me)
    assert step(row, "ssh_test")["result"]["status"] == "passed"
    assert Credential.objects.get().fingerprint == key


def test_cancelling_takes_the_pending_host_back(me: Actor) -> None:
    row = with_host(me)
    key = row.host.pk if row.host else 0
    row = moves.cancel(row, actor=me)
    assert (row.status, row.host) == ("cancelled", None)
    told = Entry.objects.get(action="wizard.cancel")
    assert (told.host_id, told.host_name) == (key, "web9")
    assert not Host.objects.exists() and not Credential.objects.exists()
    assert refused(moves.go_on, row, actor=me).code == "ended"


def test_cancelling_leaves_a_host_that_was_confirmed_elsewhere(me: Actor, network: Network) -> None:
    row = approved(me)
    engine.start("host.confirm", Host.objects.get(), actor=COMMAND)
    moves.cancel(row, actor=me)
    assert Host.objects.get().state == "new"


def test_a_host_removed_elsewhere_leads_back_to_the_login(me: Actor) -> None:
    row = with_host(me)
    engine.start("host.remove", Host.objects.get(), actor=COMMAND, confirm_name="web9")
    row.refresh_from_db()
    assert refused(moves.test, row, actor=me).code == "not_found"
    row = moves.go_back(row, actor=me)
    assert refused(moves.go_on, row, actor=me).field == "auth"
    row = moves.save_step(row, {"auth": "generate"}, actor=me)
    moves.go_on(row, actor=me)
    assert Host.objects.get().is_pending


def test_rights_are_those_of_the_moment(me: Actor, admin: User) -> None:
    row = begun(me)
    admin.groups.clear()
    error = refused(moves.go_on, row, actor=me)
    assert error.code == "forbidden"
    assert Entry.objects.filter(action="wizard.change", status="refused").exists()
    assert refused(moves.start, "ssh_host", actor=me).code == "forbidden"


def test_a_refusal_of_the_engine_stays_on_record_and_the_wizard_where_it_was(me: Actor) -> None:
    row = moves.go_on(begun(me), actor=me)
    row = moves.save_step(row, {"auth": "generate"}, actor=me)
    make_host("web9")
    assert refused(moves.go_on, row, actor=me).field == "name"
    assert Entry.objects.filter(action="host.add", status="refused").count() == 1
    assert Wizard.objects.get().step == "authentication"


def test_who_goes_on_from_an_old_page_is_told(me: Actor) -> None:
    row = begun(me)
    moves.save_step(row, CONNECTION, actor=me, guard=moves.Guard(version=row.version))
    error = refused(moves.go_on, row, actor=me, guard=moves.Guard(version=row.version))
    assert (error.code, error.details) == ("changed_meanwhile", {"version": row.version + 1})


def test_an_unknown_wizard_or_step_is_named(me: Actor) -> None:
    assert refused(moves.start, "nothing", actor=me).field == "wizard_type"
    initial = {"nothing": {"a": 1}}
    assert refused(moves.start, "ssh_host", actor=me, initial=initial).code == "bad_params"
    assert not Wizard.objects.exists()


def test_nobody_has_more_than_twenty_open(me: Actor) -> None:
    for _ in range(moves.MAX_ACTIVE):
        moves.start("ssh_host", actor=me)
    assert refused(moves.start, "ssh_host", actor=me).code == "too_many"


def test_a_week_of_silence_ends_it_and_takes_the_pending_host_back(me: Actor) -> None:
    row = with_host(me)
    young = begun(me, name="web8")
    Wizard.objects.filter(pk=row.pk).update(updated_at=timezone.now() - timedelta(days=8))
    row.refresh_from_db()
    assert refused(moves.go_on, row, actor=me).code == "ended"
    assert wizard_out(row)["status"] == "expired"
    assert expire_idle() == 1
    row.refresh_from_db()
    assert (row.status, row.secrets) == ("expired", {})
    assert not Host.objects.exists()
    assert Wizard.objects.get(pk=young.pk).status == "active"
    assert Entry.objects.get(action="wizard.expire").actor_name == "upkeep"
    Wizard.objects.filter(pk=row.pk).update(ended_at=timezone.now() - timedelta(days=31))
    assert expire_idle() == 0
    assert not Wizard.objects.filter(pk=row.pk).exists()


def test_the_same_request_again_is_answered_and_not_carried_out_again(me: Actor) -> None:
    initial = {"connection": CONNECTION}
    row = moves.start("ssh_host", actor=me, initial=initial, key="k1")
    assert moves.start("ssh_host", actor=me, initial=initial, key="k1").pk == row.pk
    guard = moves.Guard(key="k2")
    once = moves.go_on(row, actor=me, guard=guard)
    again = moves.go_on(row, actor=me, guard=guard)
    assert (again.step, again.version) == (once.step, once.version)
    assert refused(moves.go_back, row, actor=me, guard=guard).code == "idempotency_key_reused"
    assert moves.go_back(row, actor=me).step == "connection"


def test_a_wizard_is_out_of_sight_with_its_host(me: Actor) -> None:
    row, owner = with_host(me), User.objects.get(username="admin")
    owner.groups.clear()
    grant = give(Group.objects.get(name="viewer"), to=owner, on=make_host("other"), actor=COMMAND)
    assert not Wizard.objects.visible_to(User.objects.get(pk=owner.pk)).exists()
    Grant.objects.filter(pk=grant.pk).update(host=row.host)
    assert Wizard.objects.visible_to(User.objects.get(pk=owner.pk)).get() == row
