"""The first account: made once, with a password that is its own before anything else is done."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from siteflow.accounts.models import Login, Profile
from tests.people import person
from tests.siteflow.accounts.ways import by, log_in, token_login

pytestmark = pytest.mark.django_db
NEW = "another one 7"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> StringIO:
    """The roles are there, and `prepare` does nothing but make accounts."""
    person("alice").delete()
    monkeypatch.delenv("SITEFLOW_ADMIN_PASSWORD", raising=False)
    command = "siteflow.management.commands.prepare"
    monkeypatch.setattr(f"{command}.call_command", lambda *args, **given: None)
    monkeypatch.setattr(f"{command}.LOCAL_SOCKET", tmp_path / "none")
    return StringIO()


def prepare(out: StringIO) -> str:
    call_command("prepare", stdout=out)
    return out.getvalue()


def password_in(text: str) -> str:
    found = re.search(r"password: (\S+)", text)
    assert found
    return found[1]


def test_a_generated_password_must_be_changed_first(made: StringIO) -> None:
    password = password_in(prepare(made))
    client = Client()
    log_in(client, "admin", password)
    for page in ("/", "/admin/", "/admin/sites/host/", "/account/", "/account/second-factor/"):
        assert client.get(page)["Location"].startswith("/account/password/"), page
    for answer in (client.get("/api/hosts"), client.post("/api/auth/ws-ticket")):
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "password_change_required"
    refused = token_login(Client(), "admin", password)
    assert refused.json()["error"]["code"] == "password_change_required"
    assert not Login.objects.filter(kind="program").exists()
    page = client.get("/account/password/").content.decode()
    assert "Choose your own before you go on" in page and 'class="side"' not in page
    form = {"old_password": password, "new_password1": NEW, "new_password2": NEW}
    assert client.post("/account/password/", form).status_code == 302
    assert client.get("/admin/").status_code == 200
    pair = token_login(Client(), "admin", NEW).json()
    assert by(pair["access"]).get("/api/hosts").status_code == 200


def test_a_given_password_is_the_owner_s_own(
    made: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITEFLOW_ADMIN_PASSWORD", "given by hand 3")
    assert "given by hand 3" not in prepare(made)
    client = Client()
    log_in(client, "admin", "given by hand 3")
    assert client.get("/admin/").status_code == 200


def test_again_it_makes_nobody(made: StringIO) -> None:
    prepare(made)
    before = list(User.objects.values())
    assert prepare(StringIO()) == ""
    assert list(User.objects.values()) == before


def test_there_are_no_other_accounts(made: StringIO) -> None:
    prepare(made)
    assert [user.username for user in User.objects.all()] == ["admin"]
    assert Profile.objects.get().must_change_password


def test_with_debug_there_is_one_of_each_role(made: StringIO, settings: Settings) -> None:
    settings.DEBUG = True
    text = prepare(made)
    printed = dict(re.findall(r"user: (\w+)  password: (\S+)", text))
    assert set(printed) == {"operator", "viewer"}
    for role, password in printed.items():
        assert [group.name for group in User.objects.get(username=role).groups.all()] == [role]
        assert log_in(Client(), role, password).status_code == 302
        assert len(password) >= 16
