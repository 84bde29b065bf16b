"""A new password, a disabled account and "log out everywhere else" end every other way in."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from siteflow.accounts.models import ApiToken, Login
from siteflow.accounts.session_store import stored
from tests.people import logged_in
from tests.siteflow.accounts.ways import by, give_app, log_in, token_login

pytestmark = pytest.mark.django_db
NEW = "another one 7"
CHANGE = "/account/password/"


class Ways:
    """One of each way in, besides the browser that acts."""

    def __init__(self, name: str) -> None:
        self.own, self.other = Client(), Client()
        log_in(self.own, name)
        log_in(self.other, name)
        pair = token_login(Client(), name).json()
        self.refresh = pair["refresh"]
        self.program = by(pair["access"])
        made = self.own.post("/api/tokens", {"name": "t", "scopes": ["read"]}, "application/json")
        self.token = by(made.json()["token"])

    def open(self) -> list[str]:
        """Those that still get an answer."""
        ways = {"own": self.own, "other": self.other, "program": self.program, "token": self.token}
        found = [name for name, one in ways.items() if one.get("/api/auth/me").status_code == 200]
        body = {"refresh": self.refresh}
        answer = Client().post("/api/auth/refresh", body, "application/json")
        return found + (["refresh"] if answer.status_code == 200 else [])


@pytest.fixture
def ways(alice: User) -> Ways:
    found = Ways("alice")
    assert set(found.open()) == {"own", "other", "program", "token", "refresh"}
    found.refresh = token_login(Client(), "alice").json()["refresh"]
    return found


def change_password(client: Client, old: str = "alice's own", new: str = NEW) -> Any:
    form = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post(CHANGE, form)


def test_changing_the_password(ways: Ways, alice: User) -> None:
    assert change_password(ways.own).status_code == 302
    assert ways.open() == ["own"]
    assert Login.objects.filter(ended_at=None).count() == 1
    session = Login.objects.get(ended_at=None).session_key
    assert session == stored(ways.own.session.session_key)
    actions = set(Entry.objects.values_list("action", flat=True))
    assert actions >= {"user.password", "auth.ended_everywhere"}
    entry = Entry.objects.get(action="auth.ended_everywhere")
    assert entry.after == {"why": "password changed", "logins": 4, "programs": 1}
    assert (entry.actor_name, entry.source) == ("alice", "console")
    assert log_in(Client(), "alice", NEW).status_code == 302


def test_the_old_password_counts_like_a_login(alice: User) -> None:
    client = logged_in(alice)
    statuses = [change_password(client, f"guess {n}").status_code for n in range(6)]
    assert statuses == [200] * 5 + [429]
    assert log_in(Client(), "alice").status_code == 429


def test_the_new_password_is_no_way_to_guess_the_old(alice: User) -> None:
    client = logged_in(alice)
    told = [
        change_password(client, old="", new=new).content.decode()
        for new in ("alice's own", "another one 7")
    ]
    assert all("This is the password you have" not in page for page in told)


@pytest.mark.parametrize("new", ["short", "alice's own", "password1234"])
def test_a_password_that_is_none_changes_nothing(ways: Ways, new: str) -> None:
    answer = change_password(ways.own, new=new)
    assert answer.status_code == 200 and "errorlist" in answer.content.decode()
    assert "token" in ways.open()


def test_an_administrator_makes_a_password(ways: Ways, alice: User, admin: User) -> None:
    page = reverse("admin:auth_user_password_change", args=[alice.pk])
    logged_in(admin).post(page)
    assert ways.open() == []


def of_list(client: Client, action: str, *users: User) -> str:
    form = {"action": action, "_selected_action": [user.pk for user in users], "index": 0}
    page = reverse("admin:auth_user_changelist")
    return str(client.post(page, form, follow=True).content.decode())


def test_an_administrator_logs_somebody_out(ways: Ways, alice: User, admin: User) -> None:
    root = User.objects.create_superuser("root", password="root's own")
    token_login(Client(), "root")
    said = of_list(logged_in(admin), "log_out", alice, root)
    assert "Done for alice." in said and "1 of the accounts are not yours" in said
    assert ways.open() == []
    assert Login.objects.filter(user=root, ended_at=None).exists()


def test_an_administrator_takes_off_a_lost_second_factor(
    ways: Ways, alice: User, admin: User
) -> None:
    give_app(alice)
    page = reverse("admin:auth_user_do", args=[alice.pk, "remove-second-factor"])
    logged_in(admin).post(page, {"confirm": "alice"})
    assert ways.open() == []
    assert token_login(Client(), "alice").status_code == 200
    entries = Entry.objects.filter(action="factor.remove")
    assert {(one.actor_name, one.target_name) for one in entries} == {("admin", "alice")}
    assert {str(one.after) for one in entries} == {"{'kind': 'totp'}", "{'kind': 'recovery_codes'}"}


def test_at_the_command_line(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: NEW)
    call_command("changepassword", "alice")
    assert ways.open() == []
    assert Entry.objects.get(action="auth.ended_everywhere").source == "command"


def test_a_hash_made_anew_ends_nothing(
    ways: Ways, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when Django strengthens its hashes: the password is still the same."""
    monkeypatch.setattr(
        "django.contrib.auth.hashers.MD5PasswordHasher.must_update", lambda *_: True
    )
    before = User.objects.get(pk=alice.pk).password
    assert log_in(Client(), "alice").status_code == 302
    assert User.objects.get(pk=alice.pk).password != before
    assert {"program", "token", "refresh"} <= set(ways.open())


def test_disabling_the_account(ways: Ways, alice: User, admin: User) -> None:
    logged_in(admin).post(reverse("admin:auth_user_do", args=[alice.pk, "disable"]))
    assert ways.open() == []
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert ways.open() == []  # enabled again, it begins anew
    assert Entry.objects.get(action="auth.ended_everywhere").actor_name == "admin"


def test_logging_out_everywhere_else(ways: Ways) -> None:
    assert ways.own.post("/account/logins/end/").status_code == 302
    assert ways.open() == ["own"]
    assert not ApiToken.objects.filter(revoked_at=None).exists()


def test_ending_one_login(ways: Ways) -> None:
    key = Login.objects.get(session_key=stored(ways.other.session.session_key)).pk
    assert ways.own.post(f"/account/logins/{key}/end/").status_code == 302
    assert set(ways.open()) == {"own", "program", "token", "refresh"}
    entry = Entry.objects.latest("id")
    assert (entry.action, entry.actor_name, entry.status) == ("auth.ended", "alice", "succeeded")


def test_others_logins_are_not_there(ways: Ways, bob: User) -> None:
    key = Login.objects.first().pk  # type: ignore[union-attr]
    client = logged_in(bob)
    assert client.post(f"/account/logins/{key}/end/").status_code == 404
    assert client.get("/account/").content.decode().count("own-row") == 1


def test_a_link_ends_nothing(ways: Ways) -> None:
    assert ways.own.get("/account/logins/end/").status_code == 405
    assert "other" in ways.open()
