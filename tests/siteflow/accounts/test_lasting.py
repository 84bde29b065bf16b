"""Nothing outlives what it stands on: the password it came by, its own row, its account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from audit.models import Entry
from siteflow.accounts import password_login, tokens
from siteflow.accounts.models import ApiToken, Login
from siteflow.accounts.session_store import stored
from siteflow.accounts.stages import StillTheSame
from tests.people import logged_in
from tests.siteflow.accounts.ways import code, give_app, log_in, token_login

pytestmark = pytest.mark.django_db
CODE = "/account/login/code/"


def new_password(user: User) -> None:
    other = User.objects.get(pk=user.pk)
    other.set_password("another one 7")
    other.save()


def disable(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


CHANGES = pytest.mark.parametrize("change", [new_password, disable])


@CHANGES
def test_a_login_that_is_under_way(
    alice: User, change: Callable[[User], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old password was found right, and then everything that came by it was ended."""

    def meanwhile(user: User) -> User:
        change(user)
        return user

    monkeypatch.setattr(password_login, "let_in", meanwhile)
    answer = token_login(Client(), "alice")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "wrong_password")
    assert not Login.objects.exists()


@CHANGES
def test_a_login_of_a_browser_that_is_under_way(
    client: Client, alice: User, change: Callable[[User], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(step: StillTheSame) -> tuple[Any, bool]:
        change(alice)
        return None, True

    monkeypatch.setattr(StillTheSame, "handle", meanwhile)
    assert log_in(client, "alice")["Location"] == "/admin/login/"
    assert not Login.objects.exists()
    assert not Entry.objects.filter(action="auth.login").exists()
    User.objects.update(is_active=True)
    assert client.get("/api/auth/me").status_code == 401


@CHANGES
def test_a_token_that_is_being_made(
    alice: User, change: Callable[[User], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, check = logged_in(alice), tokens._check

    def meanwhile(*given: Any) -> None:
        change(alice)
        check(*given)

    monkeypatch.setattr(tokens, "_check", meanwhile)
    body = {"name": "x", "scopes": ["read"]}
    assert client.post("/api/tokens", body, "application/json").status_code == 401
    assert not ApiToken.objects.filter(revoked_at=None).exists()


@CHANGES
def test_a_login_that_waits_for_its_code(
    client: Client, alice: User, change: Callable[[User], None]
) -> None:
    give_app(alice)
    log_in(client, "alice")
    change(alice)
    assert client.post(CODE, {"code": code()})["Location"] == "/admin/login/"
    assert client.get(CODE)["Location"] == "/admin/login/"  # nor does another code help
    assert not Entry.objects.filter(action="auth.login").exists()
    User.objects.update(is_active=True)
    assert client.get("/api/auth/me").status_code == 401


def test_a_browsers_login_ends_with_its_row(alice: User) -> None:
    """Else it could be used long after it is seen nowhere, and nothing would end it."""
    client = logged_in(alice)
    until = Login.objects.get().expires_at
    with time_machine.travel(until - timedelta(hours=1)):
        client.post("/account/second-factor/app/")  # asks for the password, and notes for what
        assert client.get("/api/auth/me").status_code == 200
        key = stored(client.session.session_key)
        assert abs(Session.objects.get(pk=key).expire_date - until) < timedelta(seconds=5)
    with time_machine.travel(until + timedelta(hours=1)):
        assert client.get("/api/auth/me").status_code == 401


def test_what_strangers_begin_is_gone_soon(client: Client, alice: User) -> None:
    client.get("/account/login/passkey/", headers={"accept": "application/json"})
    soon = timezone.now() + timedelta(minutes=16)
    assert Session.objects.get().expire_date < soon
    with time_machine.travel(soon):
        logged_in(alice)
        assert Session.objects.count() == 1


def test_logging_out_leaves_no_session(alice: User) -> None:
    client = logged_in(alice)
    client.post("/account/logout/")
    assert not Session.objects.exists() and not client.cookies["sessionid"].value


@pytest.mark.parametrize("key", ["\\000aaaaaaaaaaaa", "aaaaaaaa\\377", "x" * 5000, "' or 1=1"])
def test_a_made_up_session_is_none(key: str) -> None:
    client = Client(headers={"Cookie": f'sessionid="{key}"'})
    assert client.get("/api/auth/me").status_code == 401
    assert client.get("/account/")["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("form", [{"password": ""}, {"username": ""}])
def test_a_login_without_name_or_password_is_no_attempt(
    client: Client, form: dict[str, str]
) -> None:
    """It would be on record each time, and counted nowhere."""
    body = {"username": "alice", "password": "x", **form}
    assert client.post("/api/auth/token", body, "application/json").status_code == 422
    assert not Entry.objects.exists()
