"""An account's ways in and new accounts: what each button does, and that it is on record."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from siteflow.accounts.models import Login, Profile
from siteflow.accounts.session_store import stored
from sites.models import Grant
from tests.provisioning.rows import make_host
from tests.siteflow.accounts.ways import by, give_app, log_in
from tests.siteflow.people.pages_of import do, last, token_of, user_url

pytestmark = pytest.mark.django_db


# -- ways in ------------------------------------------------------------------------------------


def test_disabling_and_enabling(office: Client, alice: User) -> None:
    browser = Client()
    log_in(browser, "alice")
    token = by(token_of(alice, "read")[1])
    do(office, alice, "disable")
    assert last() == ("user.disable", "succeeded", "alice", "admin")
    assert token.get("/api/auth/me").status_code == 401
    assert browser.get("/admin/").status_code == 302
    assert do(office, alice, "disable") == ["alice is disabled already."]
    do(office, alice, "enable")
    assert User.objects.get(pk=alice.pk).is_active
    assert token.get("/api/auth/me").status_code == 401


def test_a_new_password_is_shown_once_and_must_be_changed(office: Client, alice: User) -> None:
    browser = Client()
    log_in(browser, "alice")
    page = user_url("password_change", alice)
    assert "generated" in office.get(page).content.decode()
    shown = office.post(page).content.decode()
    found = re.search(r'id="new-password">([^<]+)<', shown)
    assert found is not None
    assert browser.get("/admin/").status_code == 302
    fresh = Client()
    log_in(fresh, "alice", found[1])
    assert fresh.get("/admin/").headers["Location"].startswith("/account/password/")
    assert Entry.objects.filter(action="user.new_password", actor_name="admin").exists()
    assert found[1] not in str(list(Entry.objects.values()))
    assert found[1] not in office.get(page).content.decode()


def test_a_change_of_password_is_asked_for(office: Client, alice: User) -> None:
    token = by(token_of(alice, "read")[1])
    do(office, alice, "require-new-password")
    assert token.get("/api/auth/me").json()["error"]["code"] == "password_change_required"
    assert Profile.objects.get(user=alice).must_change_password
    assert last() == ("user.require_new_password", "succeeded", "alice", "admin")


def test_logins_are_ended_one_and_all(office: Client, alice: User) -> None:
    browsers = [Client() for _ in range(3)]
    for browser in browsers:
        log_in(browser, "alice")
    page = office.get(user_url("change", alice)).content.decode()
    assert page.count('name="login"') == 3
    key = Login.objects.get(session_key=stored(browsers[0].session.session_key)).pk
    do(office, alice, "end-login", login=key)
    assert [one.get("/admin/").status_code for one in browsers] == [302, 200, 200]
    assert last() == ("auth.ended", "succeeded", "alice", "admin")
    assert do(office, alice, "end-logins") == ["2 logins ended."]
    assert [one.get("/admin/").status_code for one in browsers] == [302, 302, 302]
    for wrong in (key, "x", ""):
        answer = office.post(user_url("do", alice, "end-login"), {"login": wrong})
        assert answer.status_code == 404


def test_a_token_is_revoked(office: Client, alice: User, bob: User) -> None:
    token, text = token_of(alice, "read", "operate")
    page = office.get(user_url("change", alice)).content.decode()
    assert token.prefix in page and text not in page
    assert office.post(user_url("do", bob, "revoke-token"), {"token": token.pk}).status_code == 404
    do(office, alice, "revoke-token", token=token.pk)
    assert by(text).get("/api/auth/me").status_code == 401
    assert last()[0] == "token.revoke"


def test_a_second_factor_is_removed_by_typing_the_name(office: Client, alice: User) -> None:
    give_app(alice)
    (message,) = do(office, alice, "remove-second-factor", confirm="bob")
    assert "Type the name" in message
    assert Authenticator.objects.filter(user=alice).count() == 2
    do(office, alice, "remove-second-factor", confirm="alice")
    assert not Authenticator.objects.filter(user=alice).exists()
    told = Entry.objects.filter(action="factor.remove", actor_name="admin", target_name="alice")
    assert {one.after["kind"] for one in told} == {"recovery_codes", "totp"}  # type: ignore[index]
    assert do(office, alice, "remove-second-factor", confirm="alice") == [
        "alice has no second factor."
    ]


def test_ones_own_account_is_changed_elsewhere(office: Client, admin: User, root: User) -> None:
    give_app(admin)
    before = User.objects.get(pk=admin.pk).password
    assert office.post(user_url("password_change", admin)).status_code == 409
    for what in ("disable", "remove-second-factor"):
        (message,) = do(office, admin, what, confirm="admin")
        assert "own" in message
        assert last()[1] == "refused"
    admin.refresh_from_db()
    assert admin.is_active and admin.password == before
    assert Authenticator.objects.filter(user=admin).exists()


def test_buttons_are_pressed_not_followed(office: Client, alice: User) -> None:
    assert office.get(user_url("do", alice, "disable")).status_code == 405
    assert office.post(user_url("do", alice, "promote")).status_code == 404


# -- new accounts -------------------------------------------------------------------------------


def test_an_account_is_added_with_a_role(office: Client) -> None:
    make_host("web1")
    form = {"username": "newcomer", "role": "operator", "on": "host:web1"}
    shown = office.post(reverse("admin:auth_user_add"), form).content.decode()
    found = re.search(r'id="new-password">([^<]+)<', shown)
    assert found is not None
    newcomer = User.objects.get(username="newcomer")
    assert (
        newcomer.check_password(found[1])
        and Profile.objects.get(user=newcomer).must_change_password
    )
    assert str(Grant.objects.get()) == "operator on host web1, to newcomer"


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"username": "Alice"}, "already"),
        ({"username": "x y"}, "valid username"),
        ({"username": "newcomer", "role": "viewer"}, "Say what for"),
        ({"username": "newcomer", "on": "host:web1"}, "Choose the role"),
        ({"username": "newcomer", "role": "viewer", "on": "host:gone"}, "no host"),
    ],
)
def test_nothing_is_left_of_an_account_that_cannot_be(
    office: Client, alice: User, form: dict[str, str], told: str
) -> None:
    answer = office.post(reverse("admin:auth_user_add"), form)
    assert answer.status_code == 422 and told in answer.content.decode()
    assert not User.objects.filter(username="newcomer").exists()
