"""The second factor: set up, asked for, used once, and a must where a role says so."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import LazySettings
from django.contrib.auth.models import Group, User
from django.test import Client

from audit.models import Entry
from siteflow.accounts import checks
from siteflow.accounts.models import Login
from sites.models import Grant
from tests.people import logged_in
from tests.provisioning.rows import make_host
from tests.siteflow.accounts.ways import by, code, give_app, log_in, token_login

pytestmark = pytest.mark.django_db
CODE = "/account/login/code/"
SETUP = "/account/second-factor/app/"


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def fresh(client: Client, name: str) -> Client:
    log_in(client, name)
    return client


# -- in the console --------------------------------------------------------------------------


def test_setting_up_an_app(client: Client, alice: User) -> None:
    page = fresh(client, "alice").get(SETUP).content.decode()
    secret = re.search(r'class="fingerprint">(\w+)<', page)
    assert secret and 'src="data:image/svg+xml;base64,' in page
    assert "errorlist" in client.post(SETUP, {"code": "000000"}).content.decode()
    assert secret[1] in client.post(SETUP, {"code": "000000"}).content.decode()
    kept_before = str(dict(client.session))
    typed = format_hotp_value(hotp_value(secret[1], int(time.time()) // 30))
    answer = client.post(SETUP, {"code": typed}, follow=True)
    codes = re.findall(r"<li><code>(\d+)</code>", answer.content.decode())
    assert len(codes) == 10
    assert secret[1] not in str(Authenticator.objects.values())  # kept encrypted
    assert secret[1] not in kept_before  # while it waits, too
    entry = Entry.objects.filter(action="factor.add").earliest("id")
    assert (entry.actor_name, entry.after) == ("alice", {"kind": "totp"})
    again = client.get("/account/second-factor/codes/").content.decode()
    assert codes[0] not in again  # shown once
    assert "On" in client.get("/account/").content.decode()


def test_setting_up_asks_for_the_password_after_a_while(alice: User) -> None:
    answer = logged_in(alice).get(SETUP)
    assert answer["Location"].startswith("/account/confirm/")
    client = logged_in(alice)
    there = client.get(SETUP)["Location"]
    assert "errorlist" in client.post(there, {"password": "wrong"}).content.decode()
    assert client.post(there, {"password": "alice's own"})["Location"] == SETUP
    assert client.get(SETUP).status_code == 200


def test_a_password_alone_does_not_get_in(client: Client, alice: User) -> None:
    give_app(alice)
    answer = log_in(client, "alice")
    assert answer["Location"] == CODE
    assert client.get("/admin/").status_code == 302
    assert client.get("/api/hosts").status_code == 401
    assert (
        client.post(
            "/api/tokens", {"name": "x", "scopes": ["read"]}, "application/json"
        ).status_code
        == 401
    )
    assert client.post("/api/auth/ws-ticket").status_code == 401
    assert not Login.objects.exists()
    assert not Entry.objects.filter(action="auth.login").exists()
    assert client.post(CODE, {"code": code()})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert Entry.objects.filter(action="auth.login", actor_name="alice").exists()


def test_next_survives_the_second_step(client: Client, alice: User) -> None:
    give_app(alice)
    form = {"username": "alice", "password": "alice's own", "next": "/admin/sites/host/"}
    client.post("/admin/login/", form)
    assert client.post(CODE, {"code": code()})["Location"] == "/admin/sites/host/"


def test_a_wrong_code_is_said_and_on_record(client: Client, alice: User) -> None:
    give_app(alice)
    log_in(client, "alice")
    page = client.post(CODE, {"code": "000000"}).content.decode()
    assert "This code is not right" in page and "000000" not in page
    entry = Entry.objects.latest("id")
    assert (entry.action, entry.target_name) == ("auth.code_failed", "alice")


def test_codes_cannot_be_guessed(client: Client, alice: User) -> None:
    give_app(alice)
    log_in(client, "alice")
    statuses = [client.post(CODE, {"code": f"{n:06}"}).status_code for n in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert client.post(CODE, {"code": code()}).status_code == 429
    assert token_login(Client(), "alice", code=code()).status_code == 429


def test_a_code_works_once(client: Client, alice: User) -> None:
    give_app(alice)
    used = code()
    log_in(client, "alice")
    assert client.post(CODE, {"code": used}).status_code == 302
    other = Client()
    log_in(other, "alice")
    assert "not right, or was used before" in other.post(CODE, {"code": used}).content.decode()
    assert other.post(CODE, {"code": code(step=-1)}).status_code == 200  # nor an older one
    assert other.post(CODE, {"code": code(step=1)}).status_code == 302


def test_a_recovery_code_works_once(client: Client, alice: User) -> None:
    first = give_app(alice)[0]
    log_in(client, "alice")
    assert client.post(CODE, {"code": f"{first[:4]} {first[4:]}"}).status_code == 302
    other = Client()
    log_in(other, "alice")
    assert other.post(CODE, {"code": first}).status_code == 200


def test_removing_it(client: Client, alice: User) -> None:
    give_app(alice)
    log_in(client, "alice")
    client.post(CODE, {"code": code()})
    assert client.post(f"{SETUP}remove/").status_code == 302
    assert not Authenticator.objects.exists()
    assert Entry.objects.filter(action="factor.remove", actor_name="alice").exists()


def test_new_recovery_codes_replace_the_old(client: Client, alice: User) -> None:
    old = give_app(alice)[1]
    log_in(client, "alice")
    client.post(CODE, {"code": code()})
    page = client.post("/account/second-factor/codes/new/", follow=True).content.decode()
    fresh_codes = re.findall(r"<li><code>(\d+)</code>", page)
    assert len(fresh_codes) == 10 and old not in fresh_codes


# -- over the API ----------------------------------------------------------------------------


def test_no_token_before_the_code(client: Client, alice: User) -> None:
    give_app(alice)
    assert code_of(token_login(client, "alice")) == (401, "second_factor_required")
    assert code_of(token_login(client, "alice", code="000000")) == (401, "wrong_code")
    assert code_of(token_login(client, "alice", "x", code=code())) == (401, "wrong_password")
    assert not Login.objects.exists()
    used = code()
    pair = token_login(client, "alice", code=used).json()
    assert by(pair["access"]).get("/api/auth/me").json()["second_factor"]["enabled"] is True
    assert code_of(token_login(client, "alice", code=used)) == (401, "wrong_code")


# -- where a role needs it -------------------------------------------------------------------


@pytest.fixture
def operators_need_it(settings: LazySettings) -> None:
    settings.SECOND_FACTOR_ROLES = ["operator"]


@pytest.mark.usefixtures("operators_need_it")
def test_without_one_nothing_else_opens(client: Client, alice: User) -> None:
    log_in(client, "alice")
    for page in ("/", "/admin/", "/admin/sites/host/", "/account/"):
        answer = client.get(page)
        assert answer["Location"].startswith("/account/second-factor/"), page
    assert code_of(client.get("/api/hosts")) == (403, "second_factor_required")
    assert code_of(client.post("/api/auth/ws-ticket")) == (403, "second_factor_required")
    page = client.get("/account/second-factor/").content.decode()
    assert "Your role needs a second factor" in page and 'class="side"' not in page
    assert client.get(SETUP).status_code == 200


@pytest.mark.usefixtures("operators_need_it")
def test_a_role_for_one_host_counts(client: Client, charlie: User) -> None:
    role = Group.objects.get_or_create(name="operator")[0]
    Grant.objects.create(user=charlie, role=role, host=make_host())
    log_in(client, "charlie")
    assert code_of(client.get("/api/hosts")) == (403, "second_factor_required")


@pytest.mark.usefixtures("operators_need_it")
def test_without_one_no_program_gets_in(client: Client, alice: User) -> None:
    assert code_of(token_login(client, "alice")) == (403, "second_factor_required")
    assert not Login.objects.exists()


def test_tokens_from_before_rest_until_it_is_set_up(
    client: Client, alice: User, settings: LazySettings
) -> None:
    pair = token_login(client, "alice").json()
    token = by(pair["access"]).post(
        "/api/tokens", {"name": "x", "scopes": ["read"]}, "application/json"
    )
    settings.SECOND_FACTOR_ROLES = ["operator"]
    for text in (pair["access"], token.json()["token"]):
        assert code_of(by(text).get("/api/hosts")) == (403, "second_factor_required")
    give_app(alice)
    for text in (pair["access"], token.json()["token"]):
        assert by(text).get("/api/hosts").status_code == 200


@pytest.mark.usefixtures("operators_need_it")
def test_other_roles_are_not_asked(client: Client, bob: User) -> None:
    log_in(client, "bob")
    assert client.get("/admin/").status_code == 200
    assert client.get("/api/auth/me").json()["second_factor"]["required"] is False


@pytest.mark.usefixtures("operators_need_it")
def test_it_cannot_be_removed_to_get_around_it(client: Client, alice: User) -> None:
    give_app(alice)
    log_in(client, "alice")
    client.post(CODE, {"code": code()})
    client.post(f"{SETUP}remove/")
    assert client.get("/admin/")["Location"].startswith("/account/second-factor/")


def test_a_role_that_does_not_exist_is_named_at_start(settings: LazySettings) -> None:
    settings.SECOND_FACTOR_ROLES = ["admin", "boss"]
    (message,) = checks.roles_are_known()
    assert message.id == "siteflow.E020" and "'boss'" in message.msg and message.hint
    settings.SECOND_FACTOR_ROLES = ["admin"]
    assert checks.roles_are_known() == []
