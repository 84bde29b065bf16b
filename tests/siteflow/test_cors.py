"""Pages from elsewhere: none by default, named ones only under /api/, and never with cookies."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.people import logged_in

pytestmark = pytest.mark.django_db
OURS, OTHER = "https://dashboard.example", "https://evil.example"


def preflight(path: str, origin: str) -> Any:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, idempotency-key",
    }
    return Client().options(path, headers=headers)


@pytest.fixture
def allowed(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [OURS]


def test_off_by_default(bob: User) -> None:
    assert "Access-Control-Allow-Origin" not in preflight("/api/containers", OURS)
    answer = logged_in(bob).get("/api/containers", headers={"Origin": OURS})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.usefixtures("allowed")
def test_a_named_origin_may_call_the_api() -> None:
    answer = preflight("/api/operations", OURS)
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == OURS
    assert "authorization" in answer["Access-Control-Allow-Headers"]
    assert "origin" in answer["Vary"].lower()
    refused = Client().get("/api/containers", headers={"Origin": OURS})
    assert refused.status_code == 401 and refused["Access-Control-Allow-Origin"] == OURS


@pytest.mark.usefixtures("allowed")
def test_nobody_may_use_our_cookies(bob: User) -> None:
    for answer in (
        preflight("/api/operations", OURS),
        logged_in(bob).get("/api/containers", headers={"Origin": OURS}),
    ):
        assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/api/containers", OTHER),
        ("/api/containers", "null"),
        ("/api/containers", OURS + ".evil.example"),
        ("/api/containers", "http://dashboard.example"),
        ("/admin/", OURS),
        ("/admin/login/?next=/api/", OURS),
        ("/static/api/", OURS),
    ],
)
def test_no_other_and_nowhere_else(path: str, origin: str) -> None:
    for answer in (preflight(path, origin), Client().get(path, headers={"Origin": origin})):
        assert "Access-Control-Allow-Origin" not in answer
