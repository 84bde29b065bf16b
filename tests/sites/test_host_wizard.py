"""Adding a host step by step in the console, with nothing but forms."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from provisioning.drivers.keys import generate_ed25519
from provisioning.models import Operation, Wizard
from sites.models import Credential, Host
from tests.people import logged_in
from tests.provisioning.rows import make_host
from tests.provisioning.wizards.walking import CONNECTION, FINGERPRINT, Network, network, work

__all__ = ["network"]
pytestmark = pytest.mark.django_db
FIRST = {**CONNECTION, "port": "22", "docker_socket": "/var/run/docker.sock"}
SECRET = "not-for-anybody-to-read"


@pytest.fixture
def as_admin(admin: User) -> Client:
    return logged_in(admin)


def begin(client: Client, **changes: str) -> Any:
    return client.post(reverse("admin:sites_host_set_up"), {**FIRST, **changes})


def here() -> str:
    return reverse("admin:sites_host_wizard", args=[Wizard.objects.get().pk])


def press(client: Client, move: str, **values: str) -> Any:
    given = {"move": move, "version": str(Wizard.objects.get().version), **values}
    return client.post(here(), given)


def text(client: Client) -> str:
    return client.get(here()).content.decode()


def test_the_whole_way(as_admin: Client, network: Network) -> None:
    assert begin(as_admin)["Location"] == here()
    assert "Logging in as deploy" in text(as_admin)
    press(as_admin, "next", auth="generate")
    host = Host.objects.get()
    assert host.credential and host.is_pending
    assert host.credential.public_key in text(as_admin)
    press(as_admin, "test")
    assert "Waiting for a worker." in text(as_admin)
    assert 'http-equiv="refresh"' in text(as_admin)
    work()
    assert FINGERPRINT in text(as_admin)
    press(as_admin, "approve", fingerprint=FINGERPRINT)
    work()
    assert "SiteFlow is let in to web9." in text(as_admin)
    press(as_admin, "next")
    assert "Docker answers on web9." in text(as_admin)
    press(as_admin, "next")
    assert FINGERPRINT in text(as_admin)
    answer = press(as_admin, "complete")
    assert answer["Location"] == reverse("admin:sites_host_change", args=[host.pk])
    host.refresh_from_db()
    assert host.state == "new"
    assert as_admin.get(here())["Location"] == answer["Location"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Web 1"}, "name"),
        ({"name": "taken"}, "name"),
        ({"address": ""}, "address"),
        ({"username": "-oProxyCommand=x"}, "username"),
        ({"port": "0"}, "port"),
        ({"docker_socket": "relative"}, "docker_socket"),
        ({"via": "999"}, "via"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    as_admin: Client, changes: dict[str, str], field: str
) -> None:
    make_host("taken")
    answer = begin(as_admin, **changes)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Wizard.objects.exists()


def test_looking_at_the_first_page_makes_nothing(as_admin: Client) -> None:
    assert as_admin.get(reverse("admin:sites_host_set_up")).status_code == 200
    assert not Wizard.objects.exists()


def test_a_secret_is_asked_for_once_and_never_shown(as_admin: Client) -> None:
    begin(as_admin)
    answer = press(as_admin, "next", auth="key", private_key=SECRET)
    assert answer.status_code == 422
    assert SECRET not in answer.content.decode()
    assert "private_key" in answer.context["form"].errors
    pair = generate_ed25519("")
    press(as_admin, "next", auth="key", private_key=pair.private_text)
    assert Credential.objects.get().fingerprint == pair.fingerprint
    press(as_admin, "previous")
    shown = text(as_admin)
    assert f"Keep the present SSH key {pair.fingerprint}" in shown
    assert pair.private_text.splitlines()[2] not in shown
    press(as_admin, "next", auth="keep")
    assert Credential.objects.get().fingerprint == pair.fingerprint


def test_one_can_go_back_and_change_what_was_typed(as_admin: Client) -> None:
    begin(as_admin)
    press(as_admin, "next", auth="generate")
    press(as_admin, "previous")
    press(as_admin, "previous")
    assert 'value="192.0.2.9"' in text(as_admin)
    press(as_admin, "next", **{**FIRST, "address": "192.0.2.10"})
    assert Host.objects.get().address == "192.0.2.10"


def test_a_step_that_fails_says_why_and_what_to_do(as_admin: Client, network: Network) -> None:
    begin(as_admin)
    press(as_admin, "next", auth="generate")
    press(as_admin, "test")
    work()
    network.wrong = ("login", "login_refused")
    press(as_admin, "approve", fingerprint=FINGERPRINT)
    work()
    shown = text(as_admin)
    assert "web9: login failed" in shown and "login_refused" in shown
    assert not re.search(r'name="move" value="next"', shown)
    assert press(as_admin, "next")["Location"] == here()
    assert Wizard.objects.get().step == "ssh_test"


def test_it_goes_on_from_the_list_of_hosts_and_cancels(as_admin: Client) -> None:
    begin(as_admin)
    press(as_admin, "next", auth="generate")
    shown = as_admin.get(reverse("admin:sites_host_changelist")).content.decode()
    assert shown.count(here()) == 2  # the note above the list, and the host's own row
    assert "setup pending" in shown
    page = reverse("admin:sites_host_change", args=[Host.objects.get().pk])
    assert here() in as_admin.get(page).content.decode()
    press(as_admin, "cancel")
    assert not Host.objects.exists()
    assert Wizard.objects.get().status == "cancelled"
    assert Operation.objects.filter(kind="host.remove").exists()


def test_an_old_page_is_told_and_changes_nothing(as_admin: Client) -> None:
    begin(as_admin)
    answer = as_admin.post(here(), {"move": "previous", "version": "1"}, follow=True)
    assert "gone on with elsewhere" in answer.content.decode()
    assert Wizard.objects.get().step == "authentication"


def test_a_pending_host_without_a_wizard_is_confirmed_on_its_page(as_admin: Client) -> None:
    host = make_host("web8", state="setup_pending", host_key=generate_ed25519("").public_line)
    page = reverse("admin:sites_host_change", args=[host.pk])
    confirm = reverse("admin:sites_host_do", args=[host.pk, "host.confirm"])
    assert confirm in as_admin.get(page).content.decode()
    as_admin.post(confirm)
    host.refresh_from_db()
    assert host.state == "new"


def test_it_is_its_owner_s_and_for_who_may_add_hosts(
    as_admin: Client, alice: User, django_user_model: type[User]
) -> None:
    begin(as_admin)
    other = logged_in(django_user_model.objects.create_user("other", is_superuser=True))
    assert other.get(here()).status_code == 404
    assert other.post(here(), {"move": "cancel"}).status_code == 404
    operator = logged_in(alice)
    assert operator.get(here()).status_code == 403
    assert operator.get(reverse("admin:sites_host_set_up")).status_code == 403
    assert begin(operator).status_code == 403
