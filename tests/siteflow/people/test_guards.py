"""Somebody can always manage accounts, and nobody reaches above their own rights."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User

from audit.models import Entry
from audit.record import Actor
from siteflow.people import acts, giving
from siteflow.people.guards import (
    AccountError,
    LastManager,
    OwnAccount,
    keep_a_manager,
    manages_accounts,
    within_reach,
)
from sites.models import Grant, Host
from tests.people import person
from tests.provisioning.rows import make_host

pytestmark = pytest.mark.django_db
COMMAND = Actor(name="os:root", source="command")


def of(user: User) -> Actor:
    return Actor(user_id=user.pk, name=user.username, source="console")


def test_the_last_who_manages_accounts_is_not_disabled(admin: User, alice: User) -> None:
    with pytest.raises(LastManager, match="Nobody would be left"):
        acts.disable(admin, actor=COMMAND)
    admin.refresh_from_db()
    assert admin.is_active and not Entry.objects.filter(action="user.disable").exists()


@pytest.mark.parametrize("way", ["superuser", "member", "granted", "by a group"])
def test_another_who_manages_accounts_is_enough(way: str, admin: User, charlie: User) -> None:
    role = Group.objects.get(name="admin")
    if way == "superuser":
        User.objects.filter(pk=charlie.pk).update(is_superuser=True)
    elif way == "member":
        charlie.groups.add(role)
    elif way == "granted":
        Grant.objects.create(role=role, user=charlie)
    else:
        team = Group.objects.create(name="team")
        charlie.groups.add(team)
        Grant.objects.create(role=role, group=team)
    assert manages_accounts(User.objects.get(pk=charlie.pk))
    acts.disable(admin, actor=COMMAND)
    with pytest.raises(LastManager):
        acts.disable(User.objects.get(pk=charlie.pk), actor=COMMAND)


def test_an_admin_of_one_host_and_a_disabled_one_do_not_count(admin: User, charlie: User) -> None:
    Grant.objects.create(role=Group.objects.get(name="admin"), user=charlie, host=make_host())
    User.objects.create_superuser("root", is_active=False)
    with pytest.raises(LastManager):
        acts.leave(Group.objects.get(name="admin"), admin, actor=COMMAND)
    keep_a_manager()


def test_the_last_grant_is_not_taken_away(charlie: User, admin: User) -> None:
    role = Group.objects.get(name="admin")
    grant = Grant.objects.create(role=role, user=charlie)
    acts.leave(role, admin, actor=COMMAND)
    with pytest.raises(LastManager):
        giving.take_away(grant, actor=COMMAND)
    with pytest.raises(LastManager):
        giving.take(role, of=charlie, on=None, actor=COMMAND)
    assert Grant.objects.count() == 1


def test_what_one_does_not_do_to_oneself(admin: User) -> None:
    User.objects.create_superuser("root")
    with pytest.raises(OwnAccount):
        acts.disable(admin, actor=of(admin))
    with pytest.raises(OwnAccount):
        acts.new_password(admin, actor=of(admin))
    with pytest.raises(OwnAccount):
        acts.remove_second_factor(admin, actor=of(admin), confirm_name="admin")


def test_nobody_reaches_above_their_own_rights(admin: User, alice: User, charlie: User) -> None:
    root = User.objects.create_superuser("root")
    for name in ("change_user", "view_user"):
        charlie.user_permissions.add(Permission.objects.get(codename=name))
    assert within_reach(admin, alice) and within_reach(admin, admin) and within_reach(root, root)
    assert not within_reach(admin, root)
    assert within_reach(charlie, alice) and not within_reach(charlie, admin)


def test_names_that_look_the_same_and_weak_passwords_are_refused(alice: User) -> None:
    for name, password, field in (
        ("Alice", None, "username"),
        ("a b", None, "username"),
        ("", None, "username"),
        ("newcomer", "short", "password"),
    ):
        with pytest.raises(AccountError) as caught:
            acts.add(name, actor=COMMAND, password=password)
        assert caught.value.field == field
    assert not User.objects.exclude(pk=alice.pk).exists() and not Host.objects.exists()


def test_members_come_and_go_on_record(charlie: User) -> None:
    person("admin")
    team = Group.objects.create(name="team")
    acts.join(team, charlie, actor=COMMAND)
    with pytest.raises(AccountError, match="already"):
        acts.join(team, charlie, actor=COMMAND)
    acts.leave(team, charlie, actor=COMMAND)
    with pytest.raises(AccountError, match="not in"):
        acts.leave(team, charlie, actor=COMMAND)
    told = Entry.objects.order_by("id").values_list("action", "target_name", "after")
    assert list(told) == [
        ("group.add_member", "charlie", {"group": "team"}),
        ("group.remove_member", "charlie", {"group": "team"}),
    ]
