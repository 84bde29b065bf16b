"""What nobody types by accident: answered, never with a failure of our own."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.people import logged_in
from tests.siteflow.accounts.ways import by, give_app, log_in

pytestmark = pytest.mark.django_db
ODD = ["\ud800", "ü" * 150, "🔥" * 40, "' OR 1=1 --", "$(touch x)", "‮admin", " alice ", "a\tb"]
JSON = "application/json"


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("field", ["username", "password", "code"])
def test_logging_in(client: Client, alice: User, field: str, odd: str) -> None:
    give_app(alice)
    body = {"username": "alice", "password": "alice's own", "code": "000000", field: odd}
    assert client.post("/api/auth/token", body, JSON).status_code in (400, 401, 422)


@pytest.mark.parametrize("odd", ODD)
def test_tokens_of_all_kinds(client: Client, odd: str) -> None:
    for path in ("refresh", "revoke"):
        answer = client.post(f"/api/auth/{path}", {"refresh": odd}, JSON)
        assert answer.status_code in (204, 400, 401, 422)
    sent = odd.encode("utf-8", "replace").decode()  # a header has no half characters
    for text in (sent, f"sf_{sent}"):
        assert by(text).get("/api/auth/me").status_code == 401


@pytest.mark.parametrize("odd", ODD)
def test_a_token_s_name(alice: User, odd: str) -> None:
    body = {"name": odd, "scopes": ["read"]}
    answer = logged_in(alice).post("/api/tokens", body, JSON)
    assert answer.status_code in (201, 400, 422)
    if answer.status_code == 201:
        assert answer.json()["name"] == odd.strip()


@pytest.mark.parametrize("at", ["2030-01-01T00:00:00", "9999-12-31T23:59:59Z", "soon", 1e300, -1])
def test_a_token_s_end(alice: User, at: Any) -> None:
    body = {"name": "x", "scopes": ["read"], "expires_at": at}
    assert logged_in(alice).post("/api/tokens", body, JSON).status_code in (201, 422)


@pytest.mark.parametrize("key", ["0", "9" * 40])
def test_a_token_s_number(alice: User, key: str) -> None:
    assert logged_in(alice).delete(f"/api/tokens/{key}").status_code == 404


@pytest.mark.parametrize("odd", ODD)
def test_in_the_console(client: Client, alice: User, odd: str) -> None:
    typed = odd.encode("utf-8", "replace").decode()
    assert log_in(client, typed, typed).status_code == 200
    assert client.get("/admin/login/", {"next": typed}).status_code == 200
    client.cookies["siteflow_device"] = "x"
    assert log_in(client, "alice").status_code == 302
