"""Accounts in the console: roles, superusers out of reach, everything on record."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.contrib.auth.models import Group, User
from django.urls import reverse

from audit.models import Entry
from tests.people import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", password="root's own")


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    form = {"username": user.username, "is_active": "on", "first_name": "", "last_name": ""}
    return {**form, "groups": [group.pk for group in user.groups.all()], **changes}


def test_an_admin_gives_a_role_and_it_is_on_record(admin: User, charlie: User) -> None:
    role = Group.objects.get(name="viewer")
    page = reverse("admin:auth_user_edit", args=[charlie.pk])
    answer = logged_in(admin).post(page, form_of(charlie, groups=[role.pk]))
    assert answer.status_code == 302
    assert list(charlie.groups.all()) == [role]
    entry = Entry.objects.latest("id")
    assert (entry.action, entry.target_name, entry.actor_name) == (
        "user.change",
        "charlie",
        "admin",
    )
    assert "groups" in str(entry.after).lower()


def test_an_admin_cannot_make_a_superuser(admin: User, charlie: User) -> None:
    page = reverse("admin:auth_user_edit", args=[charlie.pk])
    logged_in(admin).post(page, form_of(charlie, is_superuser="on"))
    charlie.refresh_from_db()
    assert not charlie.is_superuser


@pytest.mark.parametrize("page", ["edit", "delete", "password_change"])
def test_an_admin_cannot_touch_a_superuser(page: str, admin: User, root: User) -> None:
    name = "admin:auth_user_password_change" if "password" in page else f"admin:auth_user_{page}"
    address = reverse(name, args=[root.pk])
    data = {"post": "yes", "password1": "x-1-long-enough", "password2": "x-1-long-enough"}
    before = User.objects.get(pk=root.pk).password
    assert logged_in(admin).post(address, {**form_of(root), **data}).status_code == 403
    assert User.objects.get(pk=root.pk).password == before


def test_a_bulk_deletion_spares_superusers(admin: User, root: User, charlie: User) -> None:
    data = {
        "action": "delete_selected",
        "index": 0,
        "_selected_action": [root.pk, charlie.pk],
        "post": "yes",
    }
    logged_in(admin).post(reverse("admin:auth_user_changelist"), data)
    assert User.objects.filter(pk=root.pk).exists()


def test_a_deletion_is_on_record(admin: User, charlie: User) -> None:
    page = reverse("admin:auth_user_delete", args=[charlie.pk])
    assert logged_in(admin).post(page, {"post": "yes"}).status_code == 302
    assert Entry.objects.filter(action="user.delete", target_name="charlie").exists()


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_only_admins_see_accounts(name: str, request: pytest.FixtureRequest) -> None:
    client = logged_in(request.getfixturevalue(name))
    for page in ("admin:auth_user_changelist", "admin:auth_group_changelist"):
        assert client.get(reverse(page)).status_code == 403
    assert client.get(reverse("admin:app_list", args=["auth"])).status_code == 404


def test_the_queue_s_own_pages_are_not_there() -> None:
    """They would let an account run any Python function."""
    labels = {model._meta.app_label for model in django_admin.site._registry}
    assert labels == {"auth", "sites", "provisioning", "monitoring", "audit"}
