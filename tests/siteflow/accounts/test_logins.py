"""When a login was last used: true to a minute, and cheap."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from siteflow.accounts import logins
from siteflow.accounts.models import Login
from tests.people import logged_in
from tests.siteflow.accounts.ways import log_in

pytestmark = pytest.mark.django_db


def writes(client: Client, path: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(path).status_code == 200
    return [one["sql"] for one in seen if one["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]


@pytest.mark.parametrize("path", ["/admin/", "/api/hosts"])
def test_it_is_written_once_a_minute_at_most(
    alice: User, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = logged_in(alice)
    assert writes(client, path) == []
    before = timezone.now() - timedelta(minutes=5)
    Login.objects.update(last_seen_at=before)
    monkeypatch.setattr(logins, "_seen", type(logins._seen)())  # as after a minute
    assert len(writes(client, path)) == 1
    assert Login.objects.get().last_seen_at > before
    assert writes(client, path) == []


def test_the_list_says_where_and_which_is_this_one(alice: User) -> None:
    here, there = Client(), Client(REMOTE_ADDR="203.0.113.5")
    log_in(here, "alice", headers={"User-Agent": "Firefox"})
    log_in(there, "alice", headers={"User-Agent": "Opera <b>"})
    page = here.get("/account/").content.decode()
    assert page.count("this one") == 1
    assert "127.0.0.1 · Firefox" in page and "203.0.113.5 · Opera &lt;b&gt;" in page
    assert page.count("/end/") == 2  # the other one, and all others


def test_old_ones_are_cleared_away(alice: User, client: Client) -> None:
    log_in(client, "alice")
    Login.objects.update(expires_at=timezone.now() - timedelta(days=2))
    log_in(Client(), "alice")
    assert Login.objects.count() == 1


def test_what_a_process_remembers_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: Any = type(logins._seen)()
    monkeypatch.setattr(logins, "_seen", kept)
    monkeypatch.setattr(logins, "_MAX_REMEMBERED", 3)
    for number in range(9):
        logins.seen(f"session {number}")
    assert len(kept) == 3
