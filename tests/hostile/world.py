"""One of each thing, an admin who asks, and what has to hold whatever was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

from monitoring.alerts.models import Alert, Maintenance, Rule
from monitoring.notify.models import Channel, Delivery
from provisioning.backups.models import BackupSource
from provisioning.models import (
    Operation,
    Quarantine,
    RegistryCheck,
    Release,
    Rollout,
    RolloutSite,
    Wizard,
)
from provisioning.site_templates.models import SiteTemplate, TemplateVersion
from siteflow.accounts.models import ApiToken
from sites.models import Container, Credential, Domain, Grant, Host, Site, Tag

KEPT = (
    Host, Container, Site, Domain, Operation, Wizard, ApiToken, Credential, Grant, Tag, User, Group,
    SiteTemplate, TemplateVersion, Release, Quarantine, Rollout,
    RolloutSite, BackupSource, Channel, Delivery, Alert, Maintenance, Rule,
    RegistryCheck,
)  # fmt: skip
ERROR = {"error", "status", "request_id", "timestamp"}
# What is written about a request, not because of what it asks for.
_ABOUT = ("audit_", "django_session", "accounts_", "siteflow_cache", "savepoint", "release")


class Shape(AssertionError):
    """An answer is not of the one shape."""


@contextmanager
def taken_back() -> Iterator[None]:
    """Whatever is written inside is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def kept() -> list[Any]:
    """Everything a request could change."""
    found = []
    with connection.cursor() as cursor:
        for model in KEPT:  # past the ORM: this is asked thousands of times
            cursor.execute(f"SELECT * FROM {model._meta.db_table} ORDER BY id")  # noqa: S608
            found.append(cursor.fetchall())
    return found


class Kept:
    """All that could be changed, as it was; looked at again only if something was written."""

    def __init__(self) -> None:
        self._before, self._written = kept(), False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Whatever is written inside is undone after it."""
        self._written = False
        with taken_back(), connection.execute_wrapper(self._watch):
            yield

    def assert_same(self) -> None:
        if self._written:
            assert kept() == self._before, "a refusal has changed something"

    def _watch(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            words = sql[:200].replace('"', " ").split(None, 3)
            table = words[1] if words[0].upper() == "UPDATE" else words[2]
            self._written |= not table.lower().startswith(_ABOUT)
        return execute(sql, *rest)


class World:
    """Asks with a client and looks at each answer; everything is undone after it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.requests = 0
        self._kept = Kept()

    @contextmanager
    def asked(
        self, method: str, url: str, body: Any = "", *, media: str = "application/json", **more: Any
    ) -> Iterator[HttpResponse]:
        """The answer: never a 5xx, of the one shape, and a refusal has changed nothing."""
        self.requests += 1
        with self._kept.watched():
            answer: Any = self.client.generic(method.upper(), url, body, media, **more)
            assert answer.status_code < 500, answer.content[:500]
            if answer.status_code >= 400:
                self._kept.assert_same()
            yield answer


def told(answer: Any) -> Any:
    """The answer's JSON; a refusal must be of the one shape."""
    if answer.status_code == 204:
        assert answer.content == b""
        return {}
    found = json.loads(answer.content)
    if answer.status_code >= 400 and (
        set(found) != ERROR or set(found["error"]) != {"code", "message", "details", "field"}
    ):
        raise Shape(answer.content[:300])
    return found


@pytest.fixture
def rights_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's rights change here; reading them for each request would take half of the time."""
    from sites import roles

    read, found = roles.held_by, dict[int, Any]()
    monkeypatch.setattr(
        roles, "held_by", lambda user: found.get(user.pk) or found.setdefault(user.pk, read(user))
    )
