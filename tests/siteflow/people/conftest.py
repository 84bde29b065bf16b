"""Who acts and is acted on in the tests of accounts."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.people import logged_in


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", password="root's own")


@pytest.fixture
def office(admin: User) -> Client:
    return logged_in(admin)
