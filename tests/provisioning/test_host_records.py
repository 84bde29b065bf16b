"""Adding, changing, removing hosts and approving their keys: at once, on record, all or nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core import serializers

from audit.models import Entry
from provisioning import engine, reach
from provisioning.drivers import keys
from provisioning.drivers.errors import DriverError
from provisioning.engine.errors import BadParams
from provisioning.models import Operation
from provisioning.operations.contract import VerbError
from provisioning.targets import target_of, unproven_target
from sites.fingerprint import fingerprint
from sites.models import Container, Credential, Host
from tests.provisioning.rows import COMMAND, make_container

pytestmark = pytest.mark.django_db
SSH = {"name": "web1", "address": "192.0.2.10", "username": "deploy"}
OFFERED = keys.generate_ed25519("host").public_line


def add(**values: Any) -> Host:
    params = {**SSH, "auth": "generate", **values}
    row = engine.start("host.add", actor=COMMAND, params=params)
    assert row.host is not None
    return row.host


def everything_kept() -> str:
    rows = [
        *Operation.objects.all(),
        *Entry.objects.all(),
        *Host.objects.all(),
        *Credential.objects.all(),
    ]
    return str(serializers.serialize("json", rows))


def test_a_host_with_a_key_made_here() -> None:
    host = add()
    assert (host.state, host.host_key, host.port) == ("new", "", 22)
    assert host.credential is not None
    assert host.credential.public_key.startswith("ssh-ed25519 ")
    assert "OPENSSH PRIVATE KEY" in host.credential.reveal()
    row = Operation.objects.get()
    assert (row.status, row.host_id, row.target_name) == ("succeeded", host.pk, "web1")
    assert row.result["public_key"] == host.credential.public_key
    assert [entry.phase for entry in Entry.objects.order_by("id")] == ["intent", "outcome"]


def test_an_imported_key_loses_its_passphrase_and_is_seen_nowhere() -> None:
    pair = keys.generate_ed25519("old")
    host = add(auth="key", private_key=pair.private_text)
    assert host.credential is not None
    assert host.credential.fingerprint == pair.fingerprint
    marker = pair.private_text.splitlines()[2]
    assert marker not in everything_kept()


def test_a_password_is_seen_nowhere() -> None:
    host = add(auth="password", password="marker-s3cret")
    assert host.credential is not None
    assert host.credential.reveal() == "marker-s3cret"
    assert "marker-s3cret" not in everything_kept()


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "Web 1"}, "name", "invalid"),
    ({"name": "-oProxyCommand=touch /tmp/x"}, "name", "invalid"),
    ({"address": "-oProxyCommand=id"}, "address", "invalid"),
    ({"address": ""}, "address", "required"),
    ({"username": "root; id"}, "username", "invalid"),
    ({"port": 0}, "port", "invalid"),
    ({"port": 65_536}, "port", "invalid"),
    ({"docker_socket": "docker.sock"}, "docker_socket", "invalid"),
    ({"via": 4711}, "via", "invalid"),
    ({"auth": None}, "auth", "required"),
    ({"auth": "password"}, "password", "required"),
    ({"auth": "key"}, "private_key", "required"),
    ({"auth": "key", "private_key": "no key"}, "private_key", "bad_credential"),
]


@pytest.mark.parametrize(("values", "field", "code"), BAD)
def test_wrong_input_names_its_field_and_stores_nothing(
    values: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(VerbError) as caught:
        add(**values)
    assert (caught.value.field, caught.value.code, caught.value.status) == (field, code, 422)
    assert not Host.objects.exists()
    assert not Credential.objects.exists()
    assert not Operation.objects.exists()
    assert Entry.objects.get().status == "refused"


def test_a_name_is_given_once_whatever_its_case() -> None:
    add()
    with pytest.raises(VerbError, match="name"):
        add(address="192.0.2.11")


def test_an_unknown_parameter_is_named() -> None:
    with pytest.raises(BadParams) as caught:
        add(colour="green")
    assert caught.value.field == "colour"


def test_the_offered_key_is_approved_by_its_fingerprint() -> None:
    host = add()
    Host.objects.filter(pk=host.pk).update(offered_key=OFFERED, state="key_unapproved")
    params = {"fingerprint": fingerprint(OFFERED)}
    engine.start("host.approve-key", host, actor=COMMAND, params=params)
    host.refresh_from_db()
    assert (host.host_key, host.offered_key, host.state) == (OFFERED, "", "new")
    assert (host.approved_by, host.revision) == ("os:root", 2)


@pytest.mark.parametrize(
    ("offered", "code"),
    [("", "nothing_offered"), (OFFERED, "fingerprint_mismatch")],
    ids=["nothing", "another"],
)
def test_another_fingerprint_approves_nothing(offered: str, code: str) -> None:
    host = add()
    Host.objects.filter(pk=host.pk).update(offered_key=offered)
    with pytest.raises(VerbError) as caught:
        engine.start("host.approve-key", host, actor=COMMAND, params={"fingerprint": "SHA256:x"})
    assert caught.value.code == code
    host.refresh_from_db()
    assert host.host_key == ""


def test_another_address_is_another_machine_whose_key_is_not_approved() -> None:
    host = add()
    Host.objects.filter(pk=host.pk).update(host_key=OFFERED, state="reachable")
    host.refresh_from_db()
    engine.start("host.change", host, actor=COMMAND, params={"address": "192.0.2.99"})
    host.refresh_from_db()
    assert (host.host_key, host.state, host.revision) == ("", "new", 2)
    outcome = Entry.objects.get(action="host.change", phase="outcome")
    before, after = outcome.before or {}, outcome.after or {}
    assert (before["address"], after["address"]) == ("192.0.2.10", "192.0.2.99")


def test_another_time_out_leaves_key_and_connections_alone() -> None:
    host = add()
    Host.objects.filter(pk=host.pk).update(host_key=OFFERED, state="reachable")
    host.refresh_from_db()
    engine.start("host.change", host, actor=COMMAND, params={"command_timeout_s": 60})
    host.refresh_from_db()
    assert (host.host_key, host.state, host.revision) == (OFFERED, "reachable", 1)


def test_jump_hosts_form_no_circle() -> None:
    first = add()
    second = add(name="web2", via=first.pk)
    with pytest.raises(VerbError) as caught:
        engine.start("host.change", first, actor=COMMAND, params={"via": second.pk})
    assert caught.value.field == "via"


def test_removing_takes_the_typed_name_and_forgets_everything_but_the_record() -> None:
    host = add()
    make_container(host)
    with pytest.raises(BadParams):
        engine.start("host.remove", host, actor=COMMAND, confirm_name="web2")
    engine.start("host.remove", host, actor=COMMAND, confirm_name="web1")
    assert not Host.objects.exists()
    assert not Container.objects.exists()
    assert not Credential.objects.exists()
    entry = Entry.objects.get(action="host.remove", phase="outcome")
    assert (entry.target_name, (entry.before or {})["address"]) == ("web1", "192.0.2.10")
    assert Operation.objects.get(kind="host.remove").host_name == "web1"


def test_a_busy_host_and_a_jump_host_in_use_stay() -> None:
    first = add()
    add(name="web2", via=first.pk)
    with pytest.raises(VerbError, match="reached through web1"):
        engine.start("host.remove", first, actor=COMMAND, confirm_name="web1")
    engine.start("container.stop", make_container(first), actor=COMMAND)
    with pytest.raises(VerbError, match="busy with container.stop"):
        engine.start("host.remove", first, actor=COMMAND, confirm_name="web1")
    assert json.loads(serializers.serialize("json", Host.objects.all()))[0]["fields"]["name"]


def test_a_host_being_set_up_stays_so_whatever_is_found_until_it_is_confirmed() -> None:
    host = add(pending=True)
    assert host.state == "setup_pending"
    reach.offered(host, OFFERED)
    assert (host.state, host.error_code) == ("setup_pending", "host_key_unknown")
    with pytest.raises(VerbError) as caught:
        engine.start("host.confirm", host, actor=COMMAND)
    assert caught.value.code == "host_key_unknown"
    params = {"fingerprint": fingerprint(OFFERED)}
    engine.start("host.approve-key", host, actor=COMMAND, params=params)
    engine.start("host.change", host, actor=COMMAND, params={"sudo": True})
    host.refresh_from_db()
    assert (host.state, host.sudo) == ("setup_pending", True)
    reach.reached(host)
    assert (host.state, host.error_code) == ("setup_pending", "")
    engine.start("host.confirm", host, actor=COMMAND)
    host.refresh_from_db()
    assert host.state == "new"
    with pytest.raises(VerbError, match="set up already"):
        engine.start("host.confirm", host, actor=COMMAND)


def test_nothing_but_its_test_is_done_on_a_host_being_set_up() -> None:
    host = add(pending=True)
    Host.objects.update(host_key=OFFERED)
    host.refresh_from_db()
    with pytest.raises(DriverError) as caught:
        target_of(host)
    assert caught.value.code == "setup_pending"
    assert unproven_target(host)
