"""Hosts in the console: the form with its secrets, the key to approve, removal by name."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from provisioning import engine
from provisioning.drivers.keys import generate_ed25519
from provisioning.models import Operation
from sites.fingerprint import fingerprint
from sites.models import Credential, Host
from tests.people import logged_in
from tests.provisioning.rows import COMMAND, make_container, make_host

pytestmark = pytest.mark.django_db
DO = "admin:sites_host_do"
PAGE = "admin:sites_host_change"
SECRET = "not-for-anybody-to-read"


@pytest.fixture
def as_admin(admin: User) -> Client:
    return logged_in(admin)


def form(**changes: Any) -> dict[str, Any]:
    given = {
        "name": "web1",
        "connection": "ssh",
        "username": "root",
        "address": "192.0.2.7",
        "port": "2222",
        "auth": "generate",
        "docker_socket": "/var/run/docker.sock",
        "connect_timeout_s": "10",
        "command_timeout_s": "30",
    }
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


def add(client: Client, **changes: Any) -> Any:
    return client.post(reverse("admin:sites_host_add"), form(**changes))


def key_line() -> str:
    return generate_ed25519("").public_line


def test_adding_a_host_is_one_operation_and_shows_the_public_key(as_admin: Client) -> None:
    answer = add(as_admin)
    host = Host.objects.get()
    assert (host.name, host.address, host.port, host.username) == (
        "web1",
        "192.0.2.7",
        2222,
        "root",
    )
    assert Operation.objects.get().kind == "host.add"
    assert answer["Location"] == reverse(PAGE, args=[host.pk])
    shown = as_admin.get(answer["Location"]).content.decode()
    assert host.credential
    assert host.credential.public_key.split()[1] in shown
    assert "authorized_keys" in shown


def test_a_password_goes_in_and_never_comes_out(as_admin: Client) -> None:
    add(as_admin, auth="password", password=SECRET)
    host = Host.objects.get()
    assert host.credential
    assert host.credential.reveal() == SECRET
    pages = [reverse(PAGE, args=[host.pk]), reverse("admin:sites_host_edit", args=[host.pk])]
    pages += [reverse("admin:audit_entry_changelist")]
    pages += [reverse("admin:audit_entry_change", args=[row.pk]) for row in Entry.objects.all()]
    for page in pages:
        assert SECRET not in as_admin.get(page).content.decode(), page


def test_an_imported_key_with_its_passphrase(as_admin: Client) -> None:
    pair = generate_ed25519("")
    add(as_admin, auth="key", private_key=pair.private_text, passphrase="")
    host = Host.objects.get()
    assert host.credential
    assert host.credential.fingerprint == pair.fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"auth": "key", "private_key": SECRET},
        {"auth": "password", "password": SECRET, "name": "Not A Name!"},
        {"auth": "key", "private_key": SECRET, "passphrase": SECRET},
    ],
)
def test_a_refused_form_does_not_show_its_secrets_again(
    changes: dict[str, str], as_admin: Client
) -> None:
    answer = add(as_admin, **changes)
    assert answer.status_code == 422
    assert SECRET not in answer.content.decode()
    assert not Host.objects.exists()
    assert not Credential.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Web 1"}, "name"),
        ({"address": ""}, "address"),
        ({"address": "a b"}, "address"),
        ({"username": ""}, "username"),
        ({"username": "-oProxyCommand=x"}, "username"),
        ({"port": "0"}, "port"),
        ({"port": "70000"}, "port"),
        ({"docker_socket": "relative"}, "docker_socket"),
        ({"auth": None}, "auth"),
        ({"auth": "password", "password": ""}, "password"),
        ({"auth": "key", "private_key": ""}, "private_key"),
        ({"connect_timeout_s": "0"}, "connect_timeout_s"),
        ({"via": "999"}, "via"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    changes: dict[str, Any], field: str, as_admin: Client
) -> None:
    answer = add(as_admin, **changes)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Host.objects.exists()


def test_a_name_that_is_taken_is_said_at_the_name(as_admin: Client) -> None:
    make_host("web1")
    answer = add(as_admin)
    assert answer.status_code == 422
    assert "name" in answer.context["form"].errors


def test_the_local_socket_needs_no_address(as_admin: Client) -> None:
    add(as_admin, connection="local", address="", username="", auth=None, port=None)
    assert Host.objects.get().connection == "local"


def test_changing_keeps_the_login_unless_another_is_given(as_admin: Client) -> None:
    add(as_admin)
    host = Host.objects.get()
    page = reverse("admin:sites_host_edit", args=[host.pk])
    as_admin.post(page, form(connection=None, auth="keep", username="deploy"))
    changed = Host.objects.get()
    assert changed.username == "deploy"
    assert changed.credential_id == host.credential_id
    as_admin.post(page, form(connection=None, auth="password", password="x"))
    credential = Host.objects.get().credential
    assert credential
    assert credential.kind == "password"


def test_an_operation_keeps_the_name_from_before_the_change(as_admin: Client) -> None:
    add(as_admin)
    host = Host.objects.get()
    page = reverse("admin:sites_host_edit", args=[host.pk])
    as_admin.post(page, form(connection=None, auth="keep", name="web-one"))
    assert Host.objects.get().name == "web-one"
    assert Operation.objects.get(kind="host.change").target_name == "web1"


def test_a_jump_host_can_be_chosen_and_taken_away(as_admin: Client) -> None:
    add(as_admin)
    jump = Host.objects.get()
    add(as_admin, name="inner", via=str(jump.pk))
    inner = Host.objects.get(name="inner")
    assert inner.via == jump
    page = reverse("admin:sites_host_edit", args=[inner.pk])
    as_admin.post(page, form(connection=None, auth="keep", name="inner", via=""))
    assert Host.objects.get(name="inner").via is None


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_only_who_manages_hosts_sees_the_forms(name: str, request: pytest.FixtureRequest) -> None:
    client = logged_in(request.getfixturevalue(name))
    host = make_host()
    for page in (reverse("admin:sites_host_add"), reverse("admin:sites_host_edit", args=[host.pk])):
        assert client.get(page).status_code == 403
        assert client.post(page, form()).status_code == 403
    shown = client.get(reverse(PAGE, args=[host.pk])).content.decode()
    assert "host.remove" not in shown
    assert "/edit/" not in shown


def test_the_first_key_is_approved_by_its_fingerprint(as_admin: Client) -> None:
    line = key_line()
    host = make_host(connection="ssh", state="key_unapproved", offered_key=line)
    shown = as_admin.get(reverse(PAGE, args=[host.pk])).content.decode()
    assert fingerprint(line) in shown
    assert "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in shown
    address = reverse(DO, args=[host.pk, "host.approve-key"])
    as_admin.post(address, {"fingerprint": fingerprint(line)})
    host.refresh_from_db()
    assert host.host_key == line
    assert host.approved_by == "admin"


def test_another_fingerprint_than_the_one_shown_approves_nothing(as_admin: Client) -> None:
    host = make_host(connection="ssh", state="key_unapproved", offered_key=key_line())
    address = reverse(DO, args=[host.pk, "host.approve-key"])
    answer = as_admin.post(address, {"fingerprint": fingerprint(key_line())})
    assert answer.status_code == 409
    host.refresh_from_db()
    assert host.host_key == ""


def test_a_changed_key_needs_the_host_s_typed_name(as_admin: Client) -> None:
    old, new = key_line(), key_line()
    host = make_host(connection="ssh", state="key_changed", host_key=old, offered_key=new)
    shown = as_admin.get(reverse(PAGE, args=[host.pk])).content.decode()
    assert fingerprint(old) in shown
    assert fingerprint(new) in shown
    address = reverse(DO, args=[host.pk, "host.approve-key"])
    for typed in ({}, {"confirm_name": "web2"}):
        as_admin.post(address, {"fingerprint": fingerprint(new), **typed})
        assert Host.objects.get().host_key == old
    as_admin.post(address, {"fingerprint": fingerprint(new), "confirm_name": "web1"})
    assert Host.objects.get().host_key == new


def test_who_may_not_approve_sees_the_key_but_no_button(alice: User) -> None:
    line = key_line()
    host = make_host(connection="ssh", state="key_unapproved", offered_key=line)
    shown = logged_in(alice).get(reverse(PAGE, args=[host.pk])).content.decode()
    assert fingerprint(line) in shown
    assert "host.approve-key" not in shown


def test_removing_a_host_asks_for_its_name_and_says_what_is_forgotten(as_admin: Client) -> None:
    host = make_host()
    make_container(host)
    address = reverse(DO, args=[host.pk, "host.remove"])
    assert "What is known of 1 container and 0 sites" in as_admin.get(address).content.decode()
    assert as_admin.post(address, {"asked": "1", "confirm_name": "web2"}).status_code == 422
    assert Host.objects.exists()
    answer = as_admin.post(address, {"asked": "1", "confirm_name": "web1"})
    assert answer["Location"] == reverse("admin:sites_host_changelist")
    assert not Host.objects.exists()


def test_the_page_says_what_is_wrong_and_what_to_do(alice: User) -> None:
    host = make_host(
        state="unreachable",
        error_code="timeout",
        error="web1 did not answer.",
        advice="Look at its load.",
    )
    shown = logged_in(alice).get(reverse(PAGE, args=[host.pk])).content.decode()
    assert "web1 did not answer." in shown
    assert "Look at its load." in shown
    assert reverse(DO, args=[host.pk, "host.test"]) in shown


def test_preflight_facts_and_services_are_shown(alice: User) -> None:
    now = timezone.now()
    step = {"name": "docker", "verdict": "failed", "message": "no socket", "advice": "Start it."}
    service = {"name": "nginx.service", "active": "active", "sub": "running", "load": "loaded"}
    facts = {
        "os_name": "Debian 12",
        "docker_version": "27.3.1",
        "memory_total_bytes": 8 * 2**30,
        "memory_available_bytes": 2 * 2**30,
        "disks": [
            {
                "mount": "/",
                "total_bytes": 100 * 2**30,
                "available_bytes": 2**30,
                "used_bytes": 99 * 2**30,
            }
        ],
    }
    host = make_host(
        preflight=[step], preflight_at=now, services=[service], services_at=now, facts=facts
    )
    client, page = logged_in(alice), reverse(PAGE, args=[host.pk])
    shown = client.get(page).content.decode()
    for words in ("no socket", "Start it.", "Debian 12", "27.3.1", "6.0 GiB of 8.0 GiB"):
        assert words in shown
    gauges = {gauge.label: gauge for gauge in client.get(page).context["gauges"]}
    assert gauges["Memory"].percent == 75
    assert gauges["/"].state == "failed"
    services = client.get(f"{page}?tab=services").content.decode()
    assert 'name="service" value="nginx.service"' in services


def test_restarting_a_service_is_one_operation(alice: User) -> None:
    host = make_host()
    address = reverse(DO, args=[host.pk, "host.restart-service"])
    logged_in(alice).post(address, {"service": "nginx.service"})
    assert Operation.objects.get().params == {"service": "nginx.service"}


@pytest.mark.parametrize("facts", [{}, {"disks": None}, {"memory_total_bytes": 0}])
def test_facts_that_are_not_known_leave_no_hole(facts: dict[str, Any], bob: User) -> None:
    host = make_host(facts=facts)
    assert logged_in(bob).get(reverse(PAGE, args=[host.pk])).status_code == 200


def test_the_list_shows_state_address_and_numbers(bob: User) -> None:
    host = make_host(
        connection="ssh",
        address="192.0.2.7",
        username="root",
        port=2222,
        facts={"docker_version": "27.3.1"},
    )
    make_container(host, "a")
    make_container(host, "b", state="exited")
    shown = logged_in(bob).get(reverse("admin:sites_host_changelist")).content.decode()
    for words in ("root@192.0.2.7:2222", "1 of 2 running", "27.3.1"):
        assert words in shown


def test_the_list_takes_as_many_queries_for_many_hosts(
    bob: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        make_container(make_host(f"web{number}"), f"c{number}")
    client = logged_in(bob)
    with django_assert_max_num_queries(11):  # four of them read the account's rights
        client.get(reverse("admin:sites_host_changelist"))


def test_a_busy_host_says_what_is_under_way(bob: User) -> None:
    host = make_host()
    operation = engine.start("host.refresh", host, actor=COMMAND)
    shown = logged_in(bob).get(reverse(PAGE, args=[host.pk])).content.decode()
    assert reverse("admin:provisioning_operation_change", args=[operation.pk]) in shown


def test_a_key_is_rotated_after_a_page_that_asks_what_becomes_of_the_old_one(
    as_admin: Client,
) -> None:
    add(as_admin)
    host = Host.objects.get()
    Host.objects.update(host_key=key_line(), state="reachable")
    page = reverse(DO, args=[host.pk, "host.rotate-key"])
    assert page in as_admin.get(reverse(PAGE, args=[host.pk])).content.decode()
    assert "Leave the old key on the host" in as_admin.get(page).content.decode()
    as_admin.post(page, {"asked": "1", "keep_old": "on"})
    row = Operation.objects.get(kind="host.rotate-key")
    assert (row.status, row.params) == ("queued", {"keep_old": True})
