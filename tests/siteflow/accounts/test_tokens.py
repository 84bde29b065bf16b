"""API tokens: made once, shown once, and never more than their account may do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from audit.models import Entry
from siteflow.accounts.models import ApiToken
from tests.people import logged_in
from tests.provisioning.rows import make_container, make_host
from tests.siteflow.accounts.ways import by

pytestmark = pytest.mark.django_db
JSON = "application/json"


def made(client: Client, **given: Any) -> Any:
    body = {"name": "nightly", "scopes": ["read"], **given}
    return client.post("/api/tokens", body, JSON)


def test_it_is_shown_once_and_kept_as_a_hash(alice: User) -> None:
    answer = made(logged_in(alice), scopes=["operate", "read"])
    token = answer.json()
    assert answer.status_code == 201
    assert token["token"].startswith("sf_") and len(token["token"]) >= 45
    assert token["scopes"] == ["read", "operate"]
    assert token["token"].startswith(token["prefix"]) and len(token["prefix"]) < 10
    kept = str(ApiToken.objects.values()) + str(Entry.objects.values())
    assert token["token"] not in kept and token["token"][10:] not in kept
    listed = logged_in(alice).get("/api/tokens").json()
    assert listed["total"] == 1 and "token" not in listed["items"][0]


def test_it_lets_a_program_in_without_csrf_token(alice: User) -> None:
    text = made(logged_in(alice)).json()["token"]
    assert by(text).get("/api/hosts").status_code == 200
    me = by(text).get("/api/auth/me").json()
    assert (me["username"], me["scopes"]) == ("alice", ["read"])
    assert by(text).post("/api/auth/ws-ticket").status_code == 200


def test_its_scopes_are_a_ceiling_and_its_account_is_another(alice: User, bob: User) -> None:
    reading = by(made(logged_in(alice)).json()["token"])
    assert reading.get("/api/audit/logs").status_code == 403
    assert "sites.operate_container" not in reading.get("/api/auth/me").json()["permissions"]
    job = {"kind": "container.stop", "target_id": make_container(make_host()).pk}
    assert reading.post("/api/operations", job, JSON).status_code == 403
    all_scopes = ["read", "operate", "manage", "audit", "accounts"]
    viewer = by(made(logged_in(bob), scopes=all_scopes).json()["token"])
    assert viewer.get("/api/audit/logs").status_code == 200
    assert viewer.post("/api/operations", job, JSON).status_code == 403
    acting = by(made(logged_in(alice), scopes=["read", "operate"]).json()["token"])
    assert acting.post("/api/operations", job, JSON).status_code == 202


def test_making_and_revoking_are_on_record(alice: User) -> None:
    client = logged_in(alice)
    key = made(client).json()["id"]
    assert client.delete(f"/api/tokens/{key}").status_code == 204
    assert client.delete(f"/api/tokens/{key}").status_code == 204  # twice is as once
    entries = Entry.objects.filter(target_type="token").order_by("id")
    assert [(one.action, one.actor_name, one.target_name) for one in entries] == [
        ("token.add", "alice", "nightly of alice"),
        ("token.revoke", "alice", "nightly of alice"),
    ]


@pytest.mark.parametrize("what", ["revoked", "expired", "disabled", "guessed"])
def test_what_is_no_longer_good_is_refused(alice: User, what: str) -> None:
    text = made(logged_in(alice)).json()["token"]
    past = timezone.now() - timedelta(seconds=1)
    if what == "revoked":
        ApiToken.objects.update(revoked_at=past)
    elif what == "expired":
        ApiToken.objects.update(expires_at=past)
    elif what == "disabled":
        User.objects.filter(pk=alice.pk).update(is_active=False)
    else:
        text = text[:-1] + ("A" if text[-1] != "A" else "B")
    answer = by(text).get("/api/hosts")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_refused")


def test_its_use_is_noted_once_a_minute(alice: User, django_assert_num_queries: Any) -> None:
    program = by(made(logged_in(alice)).json()["token"])
    program.get("/api/auth/me")
    first = ApiToken.objects.get()
    assert first.last_used_at is not None and first.last_used_from == "127.0.0.1"
    program.get("/api/auth/me")
    assert ApiToken.objects.get().last_used_at == first.last_used_at
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    program.get("/api/auth/me")
    again = ApiToken.objects.get().last_used_at
    assert again is not None and again > first.last_used_at


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes.0"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
    ],
)
def test_what_makes_no_sense_is_named(alice: User, given: dict[str, Any], field: str) -> None:
    answer = made(logged_in(alice), **given)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"].endswith(field)
    assert not ApiToken.objects.exists()


def test_others_tokens_are_not_there(alice: User, bob: User) -> None:
    key = made(logged_in(alice)).json()["id"]
    assert logged_in(bob).delete(f"/api/tokens/{key}").status_code == 404
    assert logged_in(bob).get("/api/tokens").json()["total"] == 0
    assert logged_in(bob).post(f"/account/tokens/{key}/revoke/").status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_a_token_makes_tokens_only_with_accounts_and_within_itself(alice: User) -> None:
    plain = made(logged_in(alice)).json()["token"]
    assert made(by(plain)).json()["error"]["code"] == "forbidden"
    other = made(logged_in(alice)).json()["id"]
    assert by(plain).delete(f"/api/tokens/{other}").status_code == 403
    soon = (timezone.now() + timedelta(hours=1)).isoformat()
    able = made(logged_in(alice), scopes=["read", "accounts"], expires_at=soon).json()
    assert made(by(able["token"]), scopes=["operate"]).status_code == 422
    child = made(by(able["token"]), scopes=["read"]).json()
    assert child["expires_at"] == able["expires_at"]
    assert by(able["token"]).delete(f"/api/tokens/{able['id']}").status_code == 204


def test_in_the_console_it_is_shown_on_one_page_only(alice: User) -> None:
    client = logged_in(alice)
    form = {"name": "ci", "scopes": ["read", "operate"], "days": "30"}
    page = client.post("/account/tokens/", form).content.decode()
    text = page.split('id="new-token">')[1].split("<")[0]
    assert by(text).get("/api/hosts").status_code == 200
    account = client.get("/account/").content.decode()
    assert text not in account and text[:9] in account
    key = ApiToken.objects.get().pk
    assert client.post(f"/account/tokens/{key}/revoke/").status_code == 302
    assert by(text).get("/api/hosts").status_code == 401


def test_the_form_says_what_is_missing(alice: User) -> None:
    answer = logged_in(alice).post("/account/tokens/", {"name": "ci"})
    assert answer.status_code == 422 and "errorlist" in answer.content.decode()
