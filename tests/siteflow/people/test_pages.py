"""Users and roles in the console: who gets in, what each button does, and that it is on record."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from audit.record import Actor
from siteflow.accounts import tokens
from siteflow.accounts.models import ApiToken, Login, Profile
from siteflow.accounts.session_store import stored
from sites.models import Grant, Site, Tag
from tests.people import logged_in, person
from tests.provisioning.rows import make_host
from tests.siteflow.accounts.ways import by, give_app, log_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", password="root's own")


@pytest.fixture
def office(admin: User) -> Client:
    return logged_in(admin)


def user_url(name: str, user: User, *more: str) -> str:
    return reverse(f"admin:auth_user_{name}", args=[user.pk, *more])


def do(client: Client, user: User, what: str, **form: Any) -> list[str]:
    """What the page says after the button."""
    answer = client.post(user_url("do", user, what), form, follow=True)
    assert answer.status_code == 200, answer.status_code
    return [str(one) for one in answer.context["messages"]]


def last() -> tuple[str, str, str, str]:
    entry = Entry.objects.latest("id")
    return entry.action, entry.status, entry.target_name, entry.actor_name


def token_of(user: User, *scopes: str) -> tuple[ApiToken, str]:
    actor = Actor.system("test")
    return tokens.make(user, name="ci", scopes=scopes, expires_at=None, actor=actor)


# -- who gets in -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alice", "bob", "charlie"])
@pytest.mark.parametrize("page", ["change", "edit", "can", "password_change", "history"])
def test_only_who_manages_accounts_sees_them(
    name: str, page: str, admin: User, request: pytest.FixtureRequest
) -> None:
    client = logged_in(request.getfixturevalue(name))
    assert client.get(user_url(page, admin)).status_code in (302, 403)
    assert client.post(user_url("do", admin, "disable")).status_code in (302, 403)
    group = admin.groups.get()
    for url in ("change", "edit"):
        answer = client.get(reverse(f"admin:auth_group_{url}", args=[group.pk]))
        assert answer.status_code in (302, 403)
    assert User.objects.get(pk=admin.pk).is_active


@pytest.mark.parametrize("page", ["change", "edit", "can", "password_change", "delete", "history"])
def test_an_admin_gets_each_page(page: str, office: Client, alice: User) -> None:
    assert office.get(user_url(page, alice)).status_code == 200
    assert office.get(reverse("admin:auth_user_add")).status_code == 200
    assert office.get(reverse(f"admin:auth_user_{page}", args=[987654])).status_code in (302, 404)


def test_an_admin_looks_at_a_superuser_and_changes_nothing(office: Client, root: User) -> None:
    page = office.get(user_url("change", root)).content.decode()
    assert "/do/" not in page and "New password" not in page
    for what in ("disable", "give", "remove-second-factor", "end-logins"):
        assert office.post(user_url("do", root, what), {"role": "viewer"}).status_code == 403
        assert last() == (f"user.{what}", "refused", "root", "admin")
    assert User.objects.get(pk=root.pk).is_active and not Grant.objects.exists()


def test_who_only_changes_accounts_gives_no_roles(charlie: User, alice: User, admin: User) -> None:
    for name in ("change_user", "view_user", "view_group", "change_group"):
        charlie.user_permissions.add(Permission.objects.get(codename=name))
    Grant.objects.create(role=Group.objects.get(name="viewer"), user=charlie)
    client = logged_in(charlie)
    role = Group.objects.get(name="admin")
    for what, form in (("give", {"role": "admin"}), ("leave", {"group": alice.groups.get().pk})):
        assert client.post(user_url("do", alice, what), form).status_code == 403
    client.post(user_url("edit", alice), {"username": "alice", "groups": [role.pk]})
    assert [one.name for one in alice.groups.all()] == ["operator"]
    assert client.post(user_url("password_change", admin)).status_code == 403
    assert client.get(reverse("admin:auth_group_edit", args=[role.pk])).status_code == 403


# -- roles -----------------------------------------------------------------------------------


def test_a_role_is_given_and_taken_away(office: Client, charlie: User) -> None:
    host = make_host("web1")
    Site.objects.create(host=host, project="shop", name="shop")
    Tag.objects.create(name="client-a")
    for place, told in (
        ("everything", "everything"),
        ("host:web1", "host web1"),
        ("site:shop@web1", "site shop"),
        ("tag:client-a", "tag client-a"),
    ):
        assert do(office, charlie, "give", role="viewer", on=place) == [
            f"charlie holds viewer on {told}."
        ]
        assert last() == ("grant.add", "succeeded", "charlie", "admin")
    page = office.get(user_url("change", charlie)).content.decode()
    assert 'value="site:shop@web1"' in page and "host web1" in page
    for grant in Grant.objects.all():
        do(office, charlie, "take-away", grant=grant.pk)
        assert last()[0] == "grant.remove"
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"role": "boss"}, "There is no role"),
        ({"role": "viewer", "on": "host:nowhere"}, "There is no host"),
        ({"role": "viewer", "on": " "}, "Say what for"),
        ({"role": "viewer", "on": "everywhere"}, "Write host:NAME"),
        ({"role": "viewer", "on": "container:web"}, "no container"),
    ],
)
def test_a_role_that_cannot_be_given_is_refused_on_record(
    office: Client, charlie: User, form: dict[str, str], told: str
) -> None:
    (message,) = do(office, charlie, "give", **form)
    assert told in message
    assert last() == ("user.give", "refused", "charlie", "admin")


def test_the_list_shows_roles_and_where(office: Client, charlie: User) -> None:
    team = Group.objects.create(name="agency")
    charlie.groups.add(team)
    Grant.objects.create(role=Group.objects.get(name="operator"), group=team, host=make_host())
    page = office.get(reverse("admin:auth_user_changelist")).content.decode()
    assert "operator on host web1 (group agency)" in page


def test_the_last_admin_stays(office: Client, admin: User) -> None:
    role = admin.groups.get()
    (message,) = do(office, admin, "leave", group=role.pk)
    assert message.startswith("Nobody would be left")
    assert last() == ("user.leave", "refused", "admin", "admin")
    form = {"username": "admin", "first_name": "", "last_name": "", "groups": []}
    pages = {
        user_url("edit", admin): form,
        user_url("delete", admin): {"post": "yes"},
        reverse("admin:auth_group_edit", args=[role.pk]): {"permissions": []},
        reverse("admin:auth_user_changelist"): {
            "action": "delete_selected",
            "index": 0,
            "_selected_action": [admin.pk],
            "post": "yes",
        },
    }
    for page, sent in pages.items():
        answer = office.post(page, sent, follow=True)
        assert "Nobody would be left" in answer.content.decode(), page
        assert last()[1] == "refused"
        assert admin.groups.get().permissions.filter(codename="manage_grant").exists()
    assert not Entry.objects.filter(action__in=("user.delete", "user.change")).filter(
        status="succeeded"
    )


# -- ways in ---------------------------------------------------------------------------------


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


# -- new accounts ----------------------------------------------------------------------------


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


# -- roles and teams -------------------------------------------------------------------------


def test_a_role_says_what_it_allows_and_who_holds_it(office: Client, charlie: User) -> None:
    person("alice")
    role = Group.objects.get(name="operator")
    Grant.objects.create(role=role, user=charlie, host=make_host())
    page = office.get(reverse("admin:auth_group_change", args=[role.pk])).content.decode()
    assert "Start, stop, restart, kill, pause and unpause containers" in page
    assert "<h3>operate</h3>" in page and "<h3>accounts</h3>" not in page
    assert ">alice<" in page and ">charlie<" in page and "host web1" in page


def test_a_team_has_members_and_roles(office: Client, charlie: User) -> None:
    person("bob")
    make_host("web1")
    team = Group.objects.create(name="agency")
    page = reverse("admin:auth_group_change", args=[team.pk])

    def press(what: str, **form: Any) -> str:
        url = reverse("admin:auth_group_do", args=[team.pk, what])
        return office.post(url, form, follow=True).content.decode()

    press("add-member", user="charlie")
    press("give", role="viewer", on="host:web1")
    assert logged_in(charlie).get("/api/hosts").json()["total"] == 1
    assert "host web1" in office.get(page).content.decode()
    assert "There is no account" in press("add-member", user="nobody")
    press("take-away", grant=Grant.objects.get().pk)
    press("remove-member", user="charlie")
    assert not charlie.groups.exists() and not Grant.objects.exists()
    actions = Entry.objects.filter(actor_name="admin", status="succeeded")
    assert set(actions.values_list("action", flat=True)) == {
        "group.add_member",
        "grant.add",
        "grant.remove",
        "group.remove_member",
    }


@pytest.mark.parametrize("name", ["viewer", "operator", "admin"])
def test_the_roles_that_come_along_stay(name: str, office: Client) -> None:
    role = Group.objects.get(name=name)
    assert (
        office.post(reverse("admin:auth_group_delete", args=[role.pk]), {"post": "yes"}).status_code
        == 403
    )
    bulk = {"action": "delete_selected", "index": 0, "_selected_action": [role.pk], "post": "yes"}
    office.post(reverse("admin:auth_group_changelist"), bulk)
    edit = reverse("admin:auth_group_edit", args=[role.pk])
    office.post(edit, {"name": "other", "permissions": []})
    assert Group.objects.filter(pk=role.pk, name=name).exists()


def test_a_team_can_be_deleted(office: Client) -> None:
    team = Group.objects.create(name="agency")
    url = reverse("admin:auth_group_delete", args=[team.pk])
    assert office.post(url, {"post": "yes"}).status_code == 302
    assert last() == ("group.delete", "succeeded", "agency", "admin")


# -- what an account can do ------------------------------------------------------------------


def test_the_page_tells_what_and_why(office: Client, charlie: User) -> None:
    host = make_host("web1")
    shop = Site.objects.create(host=host, project="shop", name="shop")
    Site.objects.create(host=host, project="blog", name="blog")
    grant = Grant.objects.create(role=Group.objects.get(name="viewer"), user=charlie, site=shop)
    url = user_url("can", charlie)
    page = office.get(url).content.decode()
    assert "1 of 2" in page and f"viewer on site shop (grant {grant.pk})" in page
    asked = office.get(f"{url}?thing=site:shop@web1").context["answers"]
    assert [one.label for one in asked if one.yes] == ["See"]
    assert {"Tag", "Release", "Deprovision"} <= {one.label for one in asked}
    assert "no role allows it here" in office.get(url, {"thing": "host:web1"}).content.decode()
    assert "site:blog@web1" in office.get(url, {"thing": "blo"}).content.decode()
    assert "There is no host" in office.get(url, {"thing": "host:nowhere"}).content.decode()
    listed = office.get(url, {"of": "site.see"}).content.decode()
    assert ">shop<" in listed and ">blog<" not in listed
    for wrong in ("of=site.burn", "of=host.add", "token=7", "token=x"):
        assert office.get(f"{url}?{wrong}").status_code == 404


def test_the_page_narrows_to_a_token(office: Client, alice: User, bob: User) -> None:
    make_host("web1")
    token, _ = token_of(alice, "read")
    url = user_url("can", alice)
    page = office.get(f"{url}?token={token.pk}&thing=host:web1")
    assert [one.yes for one in page.context["answers"][:2]] == [True, False]
    assert "the token has no scope operate" in page.content.decode()
    assert office.get(user_url("can", bob), {"token": token.pk}).status_code == 404


def test_a_disabled_account_can_do_nothing(office: Client, alice: User) -> None:
    make_host("web1")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    page = office.get(user_url("can", alice))
    assert "disabled" in page.content.decode()
    assert {line.number for line in page.context["seen"]} == {0}


def test_a_long_list_is_paged(office: Client, bob: User) -> None:
    host = make_host("web1")
    Site.objects.bulk_create(
        Site(host=host, project=f"p{n:03}", name=f"p{n:03}") for n in range(120)
    )
    url = user_url("can", bob)
    page = office.get(f"{url}?of=site.see&p=3").content.decode()
    assert "101–120 of 120" in page and "p119" in page and "p099" not in page


def test_nobody_learns_names_of_what_they_may_not_see(charlie: User, alice: User) -> None:
    person("admin")
    make_host("secret1")
    charlie.user_permissions.add(Permission.objects.get(codename="view_user"))
    client = logged_in(charlie)
    url = user_url("can", alice)
    for query in ("", "of=host.see", "thing=host:secret1", "thing=secret"):
        answer = client.get(f"{url}?{query}")
        assert answer.status_code == 200
        text = answer.content.decode().replace('value="host:secret1"', "")
        assert "secret1" not in text.replace("&#x27;secret1&#x27;", ""), query
