"""`manage.py user`, as people and scripts use it."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils import timezone

from audit.models import Entry
from siteflow.accounts.models import ApiToken, Profile
from sites.models import Grant, Site, Tag
from tests.people import person
from tests.provisioning.rows import make_host
from tests.siteflow.accounts.ways import by, log_in

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Any:
    """What the command says as JSON."""
    out = io.StringIO()
    call_command("user", *arguments, "--json", stdout=out, stderr=io.StringIO())
    return json.loads(out.getvalue())


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return str(caught.value)


@pytest.fixture(autouse=True)
def roles(db: None) -> None:
    person("admin")


def test_an_account_is_added_with_a_role_and_a_password_to_change() -> None:
    Site.objects.create(host=make_host("web1"), project="shop", name="shop")
    made = run("add", "newcomer", "--role", "operator", "--on", "site:shop@web1")
    assert (made["name"], made["roles"]) == ("newcomer", ["operator on site shop"])
    assert User.objects.get(username="newcomer").check_password(made["password"])
    assert Profile.objects.get(user__username="newcomer").must_change_password
    client = Client()
    log_in(client, "newcomer", made["password"])
    assert client.get("/admin/").headers["Location"].startswith("/account/password/")
    told = Entry.objects.filter(target_name="newcomer").values_list("action", "source")
    assert set(told) >= {("user.add", "command"), ("grant.add", "command")}
    assert made["password"] not in str(list(Entry.objects.values()))


def test_nothing_is_left_of_what_fails_half_way() -> None:
    assert "There is no host 'nowhere'" in refused(
        "add", "newcomer", "--role", "viewer", "--on", "host:nowhere"
    )
    assert "There is no role 'boss'" in refused("add", "newcomer", "--role", "boss")
    assert not User.objects.filter(username="newcomer").exists()
    assert not Entry.objects.filter(target_name="newcomer").exists()


def test_a_password_by_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a password of mine\n"))
    made = run("add", "newcomer", "--password-stdin")
    assert "password" not in made
    assert User.objects.get(username="newcomer").check_password("a password of mine")
    assert not Profile.objects.filter(user__username="newcomer").exists()


def test_roles_are_given_and_taken(charlie: User) -> None:
    make_host("web1")
    Tag.objects.create(name="client-a")
    run("role", "charlie", "give", "operator", "--on", "host:web1")
    run("role", "charlie", "give", "viewer", "--on", "tag:client-a")
    shown = run("role", "charlie", "give", "viewer")
    assert shown["roles"] == [
        "operator on host web1",
        "viewer on tag client-a",
        "viewer on everything",
    ]
    assert "already" in refused("role", "charlie", "give", "viewer")
    for on in (["--on", "host:web1"], []):
        run("role", "charlie", "take", "operator" if on else "viewer", *on)
    assert run("show", "charlie")["roles"] == ["viewer on tag client-a"]
    assert "does not hold" in refused("role", "charlie", "take", "operator", "--on", "host:web1")


def test_taking_a_role_for_everything_ends_the_membership(alice: User) -> None:
    assert run("role", "alice", "take", "operator")["roles"] == []
    assert not alice.groups.exists() and not Grant.objects.exists()
    assert "Nobody would be left" in refused("role", "admin", "take", "admin")


def test_a_token_is_printed_once(alice: User) -> None:
    made = run("token", "alice", "--scopes", "read, operate", "--expires", "12h")
    kept = ApiToken.objects.get()
    assert kept.scopes == made["scopes"] == ["read", "operate"]
    assert kept.expires_at is not None
    assert abs(kept.expires_at - timezone.now() - timedelta(hours=12)) < timedelta(minutes=1)
    assert by(made["token"]).get("/api/auth/me").json()["username"] == "alice"
    assert made["token"] not in str(list(Entry.objects.values()))
    assert Entry.objects.get(action="token.add").actor_name.startswith("os:")
    assert run("token", "alice", "--scopes", "read", "--expires", "never")["expires_at"] is None
    for wrong in ("0d", "90", "soon", "-1d"):
        assert "90d" in refused("token", "alice", "--scopes", "read", f"--expires={wrong}")
    assert "scope" in refused("token", "alice", "--scopes", "all")


def test_disabling_ends_what_came_in(alice: User) -> None:
    token = by(run("token", "alice", "--scopes", "read")["token"])
    assert token.get("/api/auth/me").status_code == 200
    assert run("disable", "alice")["active"] is False
    assert token.get("/api/auth/me").status_code == 401
    assert "disabled already" in refused("disable", "alice")
    assert run("enable", "alice")["active"] is True
    assert token.get("/api/auth/me").status_code == 401
    assert "not disabled" in refused("enable", "alice")
    assert "Nobody would be left" in refused("disable", "admin")


def test_accounts_are_listed(alice: User) -> None:
    listed = {one["name"]: one for one in run("list")}
    assert set(listed) == {"admin", "alice"}
    assert listed["alice"]["roles"] == ["operator"] and listed["alice"]["tokens"] == 0
    assert "There is no account 'nobody'" in refused("show", "nobody")
    for wrong in (
        ("add", "x", "--on", "host:web1"),
        ("add", "x", "--generate-password", "--password-stdin"),
    ):
        assert refused(*wrong)
