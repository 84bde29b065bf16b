"""The cast: alice (operator), bob (viewer), charlie (no access) and admin, as fixtures.

Roles come from migrations, and are made anew after tests that empty the database.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # Django is not set up yet when pytest loads this module
    from django.contrib.auth.models import Group, User
    from django.test import Client

ROLES = {"alice": "operator", "bob": "viewer", "charlie": None, "admin": "admin"}


def person(name: str) -> User:
    """One of the cast, made if need be."""
    from django.contrib.auth.models import User

    user, is_new = User.objects.get_or_create(
        username=name, defaults={"is_staff": name != "charlie"}
    )
    if is_new:
        user.set_password(f"{name}'s own")
        user.save()
    if role := ROLES[name]:
        user.groups.add(_role(role))
    return user


def _role(name: str) -> Group:
    from django.contrib.auth.models import Group

    return Group.objects.get(name=name)


def make_roles() -> None:
    """As the migrations do; for databases that were emptied since."""
    from django.apps import apps

    import_module("provisioning.migrations.0002_roles").make_roles(apps, None)
    import_module("sites.migrations.0004_who_gives_roles").add_to_admin(apps, None)
    import_module("sites.migrations.0006_who_manages_sites").give(apps, None)
    import_module("sites.migrations.0010_who_opens_terminals").give(apps, None)
    import_module("monitoring.migrations.0003_alerts").give(apps, None)
    import_module("monitoring.migrations.0004_notifications").give(apps, None)


def logged_in(user: User) -> Client:
    """A browser of that person's."""
    from django.test import Client

    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def alice(db: None) -> User:
    return person("alice")


@pytest.fixture
def bob(db: None) -> User:
    return person("bob")


@pytest.fixture
def charlie(db: None) -> User:
    return person("charlie")


@pytest.fixture
def admin(db: None) -> User:
    return person("admin")
