"""Logging in and out in the console."""

from __future__ import annotations

import re
import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from siteflow.accounts.adapter import AccountAdapter
from siteflow.accounts.models import Login
from siteflow.accounts.session_store import stored
from siteflow.accounts.urls import urlpatterns
from tests.people import logged_in
from tests.siteflow.accounts.ways import LOGIN, log_in

pytestmark = pytest.mark.django_db
OPEN = ("admin/login/", "account/login/passkey/", "account/logout/")


@pytest.mark.parametrize(
    ("wished", "leads_to"),
    [
        ("/admin/sites/host/", "/admin/sites/host/"),
        ("https://evil.example/", "/admin/"),
        ("//evil.example/", "/admin/"),
        ("javascript:alert(1)", "/admin/"),
        ("", "/admin/"),
    ],
)
def test_where_a_login_leads(client: Client, alice: User, wished: str, leads_to: str) -> None:
    form = {"username": "alice", "password": "alice's own", "next": wished}
    assert client.post(LOGIN, form)["Location"] == leads_to


def test_next_survives_the_form(client: Client, alice: User) -> None:
    page = client.get(f"{LOGIN}?next=/admin/sites/host/").content.decode()
    assert 'name="next" value="/admin/sites/host/"' in page


def test_who_is_in_already_goes_on(alice: User) -> None:
    answer = logged_in(alice).get(f"{LOGIN}?next=/admin/sites/host/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/sites/host/")


def test_without_a_role_one_can_still_log_out(charlie: User) -> None:
    client = logged_in(charlie)
    page = client.get(LOGIN).content.decode()
    assert "this account has no role" in page and 'action="/account/logout/"' in page
    assert client.post("/account/logout/").status_code == 200
    assert "Log in" in client.get(LOGIN).content.decode()


def test_a_login_is_noted_with_where_and_ends_with_the_logout(client: Client, alice: User) -> None:
    log_in(client, "alice", headers={"User-Agent": "Firefox"})
    login = Login.objects.get()
    assert (login.user, login.kind, login.address, login.agent) == (
        alice,
        "browser",
        "127.0.0.1",
        "Firefox",
    )
    assert login.session_key == stored(client.session.session_key)
    client.post("/admin/logout/")
    login.refresh_from_db()
    assert login.ended_at is not None


def test_a_login_takes_a_new_session(client: Client, alice: User) -> None:
    """Whoever planted a session in this browser before has nothing of it."""
    session = client.session
    session["planted"] = 1
    session.save()
    client.cookies["sessionid"] = before = str(session.session_key)
    log_in(client, "alice")
    assert client.cookies["sessionid"].value != before


def test_there_is_no_way_to_sign_up_or_to_get_a_password_mailed(client: Client) -> None:
    for page in ("/account/signup/", "/account/password/reset/", "/account/email/"):
        assert client.get(page).status_code == 404


@pytest.mark.parametrize("path", [str(one.pattern) for one in urlpatterns])
def test_every_page_of_an_account_asks_for_a_login(client: Client, path: str) -> None:
    filled = re.sub(r"<uuid:\w+>", str(uuid.uuid4()), re.sub(r"<int:\w+>", "1", path))
    for method in ("get", "post"):
        answer = getattr(client, method)(f"/{filled}")
        if filled in OPEN:
            assert "sf_" not in answer.content.decode()
        elif answer.status_code != 405:
            assert answer.status_code == 302 and answer["Location"].startswith(LOGIN), method


def test_a_disabled_account_s_passkey_leads_nowhere(alice: User) -> None:
    answer = AccountAdapter().respond_user_inactive(RequestFactory().get("/"), alice)
    assert answer["Location"] == LOGIN


def test_the_session_s_cookie_is_for_the_server_only(client: Client, alice: User) -> None:
    cookie = log_in(client, "alice").cookies["sessionid"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
