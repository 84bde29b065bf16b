"""What an account may is the same whether it is read each time or only after a change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from django.contrib.auth.models import Group, Permission, User

from sites import roles
from sites.models import Grant, Host, Site, Tag
from tests.hostile.world import taken_back
from tests.people import person
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import make_site
from tests.siteflow.matrix.rights import read_once


def _member(bob: User) -> None:
    bob.groups.add(Group.objects.get(name="operator"))


def _own(bob: User) -> None:
    bob.user_permissions.add(Permission.objects.get(codename="manage_grant"))


def _of_role(bob: User) -> None:
    Group.objects.get(name="viewer").permissions.clear()


def _grant(bob: User) -> None:
    Grant.objects.create(
        role=Group.objects.get(name="admin"), user=bob, host=Host.objects.get(name="web1")
    )


def _granted_role(bob: User) -> None:
    Grant.objects.filter(user=bob).update(role=Group.objects.get(name="admin"))


def _tag_of_host(bob: User) -> None:
    Host.objects.get(name="web1").tags.add(Tag.objects.get())


def _tag_of_site(bob: User) -> None:
    Site.objects.get(name="beside").tags.add(Tag.objects.get())


def _place_of_site(bob: User) -> None:
    Site.objects.filter(name="shop").update(host=Host.objects.get(name="web2"))


CHANGES: Final = (
    _member, _own, _of_role, _grant, _granted_role, _tag_of_host, _tag_of_site, _place_of_site,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_a_change_counts_at_once_and_so_does_taking_it_back(
    change: Callable[[User], None], bob: User
) -> None:
    operator, tag = Group.objects.get(name="operator"), Tag.objects.create(name="crew")
    make_site(make_host("web2"), "beside")
    Grant.objects.create(role=operator, user=bob, site=make_site(make_host()))
    Grant.objects.create(role=operator, user=bob, tag=tag)
    with read_once():
        before = roles.held_by(bob)
        assert roles.held_by(person("alice")) != before
        with taken_back():
            change(bob)
            assert roles.held_by(bob) != before
        assert roles.held_by(bob) == before
