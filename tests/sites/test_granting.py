"""Roles are given and taken away on record, once each."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User

from audit.models import Entry
from audit.record import Actor
from sites.granting import GrantError, give, roles, take_away
from sites.models import Grant
from tests.people import person
from tests.provisioning.rows import make_host

ADMIN = Actor(user_id=1, name="admin", source="console")


@pytest.fixture
def viewer(db: None) -> Group:
    person("bob")
    return Group.objects.get(name="viewer")


def test_giving_and_taking_away_are_on_record(viewer: Group, charlie: User) -> None:
    grant = give(viewer, to=charlie, on=make_host("one"), actor=ADMIN)
    assert grant.created_by == "admin"
    take_away(grant, actor=ADMIN)
    assert Grant.objects.count() == 0
    told = [(one.action, one.target_name, one.after) for one in Entry.objects.order_by("id")]
    what = {"role": "viewer", "for": "host one"}
    assert told == [("grant.add", "charlie", what), ("grant.remove", "charlie", what)]


def test_the_same_is_not_given_twice(viewer: Group, charlie: User) -> None:
    for thing in (None, make_host("one")):
        give(viewer, to=charlie, on=thing, actor=ADMIN)
        with pytest.raises(GrantError, match="charlie holds viewer there already"):
            give(viewer, to=charlie, on=thing, actor=ADMIN)
    assert Grant.objects.count() == Entry.objects.count() == 2


def test_what_holds_no_permissions_is_no_role(viewer: Group, charlie: User) -> None:
    agency = Group.objects.create(name="agency")
    with pytest.raises(GrantError, match="is no role"):
        give(agency, to=charlie, on=None, actor=ADMIN)
    with pytest.raises(GrantError, match="that role itself"):
        give(viewer, to=viewer, on=None, actor=ADMIN)
    assert [one.name for one in roles()] == ["admin", "operator", "viewer"]
