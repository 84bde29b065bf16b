"""Programs' logins: a short token to act with, and a refresh token that counts once."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from audit.models import Entry
from siteflow.accounts import access
from siteflow.accounts.models import Login
from tests.siteflow.accounts.ways import by, log_in, token_login

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(client: Client, alice: User) -> dict[str, Any]:
    answer = token_login(client, "alice", agent="backup.sh")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def refreshed(refresh: str) -> Any:
    return Client().post("/api/auth/refresh", {"refresh": refresh}, "application/json")


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_login_by_password_and_who_that_is(pair: dict[str, Any]) -> None:
    assert set(pair) == {"access", "refresh", "expires_in"} and pair["expires_in"] <= 300
    me = by(pair["access"]).get("/api/auth/me").json()
    assert (me["username"], me["roles"], me["scopes"]) == ("alice", ["operator"], None)
    assert me["permissions"]["sites.operate_container"] == "all"
    assert "sites.manage_host" not in me["permissions"]
    assert me["second_factor"] == {"enabled": False, "required": False}
    assert by(pair["access"]).get("/api/hosts").status_code == 200


def test_it_is_on_record_and_the_browser_is_not_logged_in(client: Client, alice: User) -> None:
    answer = token_login(client, "alice")
    assert "sessionid" not in answer.cookies
    entry = Entry.objects.latest("id")
    assert (entry.action, entry.source, entry.actor_name) == ("auth.login", "api", "alice")
    alice.refresh_from_db()
    assert alice.last_login is not None


def test_a_wrong_password_and_an_unknown_name_are_one_answer(client: Client, alice: User) -> None:
    wrong, unknown = token_login(client, "alice", "x"), token_login(client, "nobody", "x")
    assert code_of(wrong) == code_of(unknown) == (401, "wrong_password")
    assert wrong.json()["error"]["message"] == unknown.json()["error"]["message"]
    assert "auth.login_failed" in Entry.objects.values_list("action", flat=True)


def test_an_access_token_needs_no_csrf_token_and_a_session_does(
    pair: dict[str, Any], alice: User
) -> None:
    assert by(pair["access"]).post("/api/auth/ws-ticket").status_code == 200
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert code_of(browser.post("/api/auth/ws-ticket")) == (403, "csrf_failed")


def test_a_bad_token_is_refused_even_beside_a_good_session(alice: User) -> None:
    client = Client(headers={"Authorization": "Bearer nonsense"})
    client.force_login(alice)
    assert code_of(client.get("/api/hosts")) == (401, "token_refused")


def test_refreshing_gives_the_next_pair(pair: dict[str, Any]) -> None:
    second = refreshed(pair["refresh"]).json()
    third = refreshed(second["refresh"]).json()
    assert len({pair["refresh"], second["refresh"], third["refresh"]}) == 3
    assert by(third["access"]).get("/api/auth/me").status_code == 200
    assert Login.objects.count() == 1


def test_a_used_refresh_token_ends_its_whole_family(pair: dict[str, Any]) -> None:
    second = refreshed(pair["refresh"]).json()
    assert code_of(refreshed(pair["refresh"])) == (401, "token_refused")
    assert code_of(refreshed(second["refresh"])) == (401, "token_refused")
    for text in (pair["access"], second["access"]):
        assert code_of(by(text).get("/api/hosts")) == (401, "token_refused")
    entry = Entry.objects.get(action="auth.refresh_reused")
    assert (entry.status, entry.target_name) == ("refused", "alice")


def test_other_families_of_the_account_live_on(pair: dict[str, Any], client: Client) -> None:
    other = token_login(client, "alice").json()
    refreshed(pair["refresh"])
    refreshed(pair["refresh"])
    assert by(other["access"]).get("/api/hosts").status_code == 200


def test_revoking_ends_it_now(pair: dict[str, Any], client: Client) -> None:
    answer = client.post("/api/auth/revoke", {"refresh": pair["refresh"]}, "application/json")
    assert answer.status_code == 204
    assert code_of(by(pair["access"]).get("/api/hosts")) == (401, "token_refused")
    assert code_of(refreshed(pair["refresh"])) == (401, "token_refused")
    assert Entry.objects.latest("id").action == "auth.logout"


def test_one_kind_of_token_is_not_another(pair: dict[str, Any]) -> None:
    assert code_of(by(pair["refresh"]).get("/api/hosts")) == (401, "token_refused")
    assert code_of(refreshed(pair["access"])) == (401, "token_refused")


def test_forged_tokens_are_refused(pair: dict[str, Any]) -> None:
    claims = jwt.decode(pair["access"], options={"verify_signature": False})
    late = {**claims, "exp": timezone.now() + timedelta(days=9)}
    forged = [
        jwt.encode(late, "", algorithm="none"),
        jwt.encode(late, settings.SECRET_KEY, algorithm="HS256"),
        pair["access"][:-4] + "AAAA",
    ]
    for text in forged:
        assert code_of(by(text).get("/api/hosts")) == (401, "token_refused")


def test_an_expired_access_token_is_refused(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "ACCESS", timedelta(seconds=-1))
    old = token_login(client, "alice").json()
    assert code_of(by(old["access"]).get("/api/hosts")) == (401, "token_refused")


def test_claims_hold_no_more_than_numbers(pair: dict[str, Any], alice: User) -> None:
    claims = jwt.decode(pair["access"], options={"verify_signature": False})
    assert set(claims) == {"sub", "sid", "jti", "use", "iat", "exp"}
    assert claims["sub"] == str(alice.pk) and uuid.UUID(claims["sid"])


def test_a_disabled_account_s_tokens_are_dead(pair: dict[str, Any], alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert code_of(by(pair["access"]).get("/api/hosts")) == (401, "token_refused")
    assert code_of(refreshed(pair["refresh"])) == (401, "token_refused")


def test_the_login_is_listed_with_its_program(pair: dict[str, Any], alice: User) -> None:
    client = Client()
    log_in(client, "alice")
    page = client.get("/account/").content.decode()
    assert "backup.sh" in page and "Program" in page and "this one" in page
