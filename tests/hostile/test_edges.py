"""Numbers and times at the edge of what a database, a calendar or Python can hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.hostile.world import told
from tests.people import logged_in
from tests.siteflow.things import Things, things

__all__ = ["things"]
pytestmark = pytest.mark.django_db

KEYS = ("9223372036854775807", "9223372036854775808", "9" * 30, "9" * 5_000)
BY_KEY = (
    "/api/hosts/{}", "/api/containers/{}/logs", "/api/log-archives/{}", "/api/log-archives?site={}",
    "/api/operations/{}/output", "/api/wizards/{}",
    "/api/operations?after={}", "/api/hosts?after={}", "/api/audit/verify?start={}",
    "/api/audit/logs?after={}", "/api/audit/logs?operation={}", "/api/audit/logs?page={}",
    "/api/operations/1/output?after={}", "/api/operations?target_id={}", "/api/containers?site={}",
    "/admin/sites/host/{}/change/", "/admin/sites/container/{}/change/",
    "/admin/sites/container/?host={}", "/admin/sites/container/?site={}",
    "/admin/sites/container/?p={}", "/admin/provisioning/operation/{}/change/",
    "/admin/provisioning/operation/?p={}", "/admin/audit/entry/{}/change/",
    "/admin/audit/entry/?p={}", "/admin/auth/user/{}/change/",
    "/admin/auth/user/?groups__id__exact={}",
)  # fmt: skip
TIMES = (
    "0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59", "0001-01-01", "9999-12-31",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1e18", "-1e18",
)  # fmt: skip
BY_TIME = (
    "/api/audit/logs?start_date={}", "/api/audit/logs?end_date={}", "/api/audit/export?end_date={}",
    "/api/containers/1/logs?since={}", "/api/containers/1/logs?until={}",
    "/api/containers/1/logs?after={}", "/admin/audit/entry/?since={}",
    "/admin/audit/entry/?until={}",
    "/admin/audit/entry/?at__gte={}", "/admin/auth/user/?date_joined__gte={}",
    "/admin/provisioning/operation/?created_at__gte={}", "/admin/auth/user/?last_login__lte={}",
)  # fmt: skip


@pytest.mark.parametrize("address", BY_KEY)
def test_keys_no_database_can_hold(address: str, things: Things, admin: User) -> None:
    client = logged_in(admin)
    for key in KEYS:
        answer: Any = client.get(address.format(key))
        assert answer.status_code < 500
        if address.startswith("/api/"):
            told(answer)


@pytest.mark.parametrize("address", BY_TIME)
def test_moments_at_the_end_of_the_calendar(address: str, things: Things, admin: User) -> None:
    client = logged_in(admin)
    for moment in TIMES:
        assert client.get(address.format(moment)).status_code < 500


@pytest.mark.parametrize("number", [10**18, 2**63, 10**30, -(10**30), 1e308, -1, 0])
def test_numbers_in_bodies(number: float, things: Things, admin: User) -> None:
    client = logged_in(admin)
    host = f"/api/hosts/{things['host']}"
    new = {"name": "new", "address": "192.0.2.1", "username": "a", "auth": "generate"}
    names = ("via", "port", "connect_timeout_s", "command_timeout_s")
    asked: list[tuple[str, str, Any]] = [("post", "/api/hosts", {**new, name: number})
                                         for name in names]  # fmt: skip
    asked += [("patch", host, {name: number}) for name in names]
    operation = {"kind": "container.stop", "target_id": number}
    asked += [("post", "/api/operations", operation)]
    several = {"kind": "container.stop", "target_ids": [number]}
    asked += [("post", "/api/operations", several)]
    asked += [("post", f"/api/containers/{things['container']}/stop", {"grace_s": number})]
    for method, url, body in asked:
        answer: Any = client.generic(method.upper(), url, json.dumps(body), "application/json")
        assert answer.status_code < 500, (url, body)
        told(answer)


def test_a_token_may_end_with_the_calendar(things: Things, admin: User) -> None:
    client = logged_in(admin)
    for moment in (
        "9999-12-31T23:59:59-23:59",
        "9999-12-31T23:59:59Z",
        1e18,
        "0001-01-01T00:00Z",
        "2099-01-01T00:00:00",
    ):
        body = {"name": "x", "scopes": ["read"], "expires_at": moment}
        told(client.post("/api/tokens", body, "application/json"))


def test_a_count_of_thousands_of_digits_is_a_wrong_count(things: Things, admin: User) -> None:
    client = logged_in(admin)
    form = {"key": things["container"], "asked": "1", "confirm_count": "9" * 5_000}
    answer = client.post("/admin/sites/container/bulk/container.remove/", form)
    assert 400 <= answer.status_code < 500
