"""Users and roles in the console: who gets in, roles and teams, and that all is on record."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from sites.models import Grant, Site, Tag
from tests.people import logged_in, person
from tests.provisioning.rows import make_host
from tests.siteflow.people.pages_of import do, last, user_url

pytestmark = pytest.mark.django_db


# -- who gets in --------------------------------------------------------------------------------


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


# -- roles --------------------------------------------------------------------------------------


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


# -- roles and teams ----------------------------------------------------------------------------


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
