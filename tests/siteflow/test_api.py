"""What holds for the whole API: login, CSRF, the shape of errors, its description, health."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from pydantic import BaseModel

from monitoring.health import asking
from monitoring.health.parts import PARTS, Found, Part
from tests.people import logged_in
from tests.provisioning.rows import make_container, make_host

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    asking.forget()


def assert_error(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    body = response.json()
    assert set(body) == {"error", "status", "request_id", "timestamp"}
    assert set(body["error"]) == {"code", "message", "details", "field"}
    assert body["status"] == "error" and body["timestamp"].endswith("Z")
    assert body["request_id"] == response["X-Request-ID"]
    assert body["error"]["code"] == code and body["error"]["message"]
    error: dict[str, Any] = body["error"]
    return error


def test_without_login_there_is_nothing_but_health(client: Client) -> None:
    for path in ("containers", "hosts", "sites", "operations", "audit/logs", "health/detailed"):
        assert_error(client.get(f"/api/{path}"), 401, "not_authenticated")
    assert_error(client.post("/api/operations"), 401, "not_authenticated")
    assert client.get("/api/health").json()["status"] == "ok"


def test_a_cookie_alone_changes_nothing(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    container = make_container(make_host())
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    path = f"/api/containers/{container.pk}/restart"
    assert_error(browser.post(path), 403, "csrf_failed")
    assert_error(browser.post(path, headers={"X-CSRFToken": "x" * 32}), 403, "csrf_failed")
    assert browser.get("/api/containers").status_code == 200
    browser.get("/api/docs")  # a page that sets the token
    token = browser.cookies["csrftoken"].value
    foreign = {"X-CSRFToken": token, "Origin": "http://elsewhere.example"}
    assert_error(browser.post(path, headers=foreign), 403, "csrf_failed")
    with_token = {"X-CSRFToken": token}
    assert_error(browser.post(path, headers=with_token), 415, "unsupported_media_type")
    sent = browser.post(path, content_type="application/json", headers=with_token)
    assert sent.status_code == 202


def test_what_is_not_there_has_the_same_shape(bob: User, client: Client) -> None:
    for browser in (client, logged_in(bob)):
        for path in ("/api/nothing", "/api/containers/abc", "/api/containers/" + "9" * 5000):
            assert_error(browser.get(path), 404, "not_found")
    wrong = logged_in(bob).delete("/api/containers")
    assert_error(wrong, 405, "method_not_allowed")
    assert set(wrong["Allow"].split(", ")) == {"GET", "POST"}
    assert wrong["X-Content-Type-Options"] == "nosniff"


def test_a_body_that_is_no_json(alice: User) -> None:
    browser = logged_in(alice)
    for body, status in ((b"{", 400), (b"\xff", 400), (b"[]", 422), (b"3", 422), (b"", 400)):
        response = browser.generic("POST", "/api/operations", body, "application/json")
        assert response.status_code in (status, 422), (body, response.content)
        assert response.json()["status"] == "error"
    deep = b'{"kind": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert browser.generic("POST", "/api/operations", deep, "application/json").status_code < 500
    huge = b'{"kind": "' + b"x" * 3_000_000 + b'"}'
    assert_error(browser.generic("POST", "/api/operations", huge, "application/json"), 413,
                 "too_large")  # fmt: skip


def test_a_host_header_from_elsewhere(client: Client) -> None:
    response = client.get("/api/health", headers={"host": "elsewhere.example"})
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "bad_request"


def test_what_nobody_foresaw_is_logged_and_not_told(
    bob: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise KeyError("inner secret")

    monkeypatch.setattr("sites.api.container_rows", broken)
    with caplog.at_level(logging.ERROR):
        response = logged_in(bob).get("/api/containers", headers={"X-Request-ID": "request-77"})
    error = assert_error(response, 500, "internal_error")
    assert "secret" not in str(error)
    assert "request-77" in caplog.text and "inner secret" in caplog.text


def test_a_database_that_is_away_is_not_our_mistake(
    bob: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("sites.api.container_rows", away)
    assert_error(logged_in(bob).get("/api/containers"), 503, "unavailable")
    assert "database is locked" in caplog.text


def test_the_description_needs_a_login_and_no_script_from_elsewhere(
    client: Client, bob: User
) -> None:
    for path in ("/api/docs", "/api/openapi.json"):
        assert client.get(path).status_code == 302
    browser = logged_in(bob)
    page = browser.get("/api/docs")
    assert page.status_code == 200
    text = page.content.decode()
    assert "http://" not in text and "https://" not in text
    assert "<script>" not in text and " style=" not in text and "onload" not in text
    assert "script-src 'self'" in page["Content-Security-Policy"]


def test_the_description_is_put_together_once(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes half a second, and longer with each address."""
    browser = logged_in(bob)
    first = browser.get("/api/openapi.json").json()
    monkeypatch.setattr("ninja.main.get_schema", None)  # whoever calls it fails
    assert browser.get("/api/openapi.json").json() == first
    assert browser.get("/api/docs").status_code == 200


def test_openapi_describes_lists_actions_and_keys(bob: User) -> None:
    described = logged_in(bob).get("/api/openapi.json").json()
    listed = described["paths"]["/api/containers"]["get"]["parameters"]
    names = {parameter["name"] for parameter in listed}
    assert names >= {"page", "page_size", "after", "ordering", "host", "state", "search"}
    states = next(one for one in listed if one["name"] == "state")["schema"]["items"]["enum"]
    assert "unknown" in states
    stop = described["paths"]["/api/containers/{target_id}/stop"]["post"]
    assert "202" in stop["responses"]
    assert "Idempotency-Key" in {parameter["name"] for parameter in stop["parameters"]}
    assert "ContainerStop" in described["components"]["schemas"]
    changing = [
        (path, method)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if method != "get"
        and "Idempotency-Key" not in {one["name"] for one in operation.get("parameters", [])}
    ]
    # What the ways in give is never given a second time.
    changing = [one for one in changing if not one[0].startswith(("/api/auth/", "/api/tokens"))]
    only_tell = {
        "/api/sites/{site_id}/plan", "/api/sites/{site_id}/reveal", "/api/provision/plan",
        "/api/rollouts/preview", "/api/containers/plan",
    }  # fmt: skip
    changing = [one for one in changing if one[0] not in only_tell]
    # Twice is the same as once.
    assert changing == [
        ("/api/alerts/rules/{rule_id}", "patch"),
        ("/api/alerts/rules/{rule_id}", "delete"),
        ("/api/alerts/rules/{rule_id}/restore", "post"),
        ("/api/alerts/maintenance/{window_id}", "patch"),
        ("/api/alerts/maintenance/{window_id}", "delete"),
        ("/api/alerts/{alert_id}/acknowledge", "post"),
        ("/api/alerts/{alert_id}/mute", "post"),
        ("/api/notifications/channels/{channel_id}", "patch"),
        ("/api/notifications/channels/{channel_id}", "delete"),
        ("/api/notifications/deliveries/{delivery_id}/try-again", "post"),
        ("/api/audit/cleanup", "post"),
    ]


# -- health ----------------------------------------------------------------------------------


def test_no_two_shapes_have_one_name() -> None:
    """The description knows them by their names: of two, only one would be in it."""
    own = ("audit", "monitoring", "provisioning", "siteflow", "sites")
    waiting: list[type] = [BaseModel]
    shapes: set[type] = set()
    while waiting:
        found: set[type] = set(waiting.pop().__subclasses__()) - shapes
        waiting += found
        shapes |= found
    of_sockets = ("siteflow.frames", "siteflow.sockets.")  # not in the description
    names = Counter(
        one.__name__
        for one in shapes
        if one.__module__.startswith(own) and not one.__module__.startswith(of_sockets)
    )
    assert len(names) >= 60
    assert [name for name, times in names.items() if times > 1] == []


def test_ready_when_everything_answers(client: Client) -> None:
    answer = client.get("/api/health/ready")
    told = answer.json()
    assert told["status"] == "ready"
    assert told["checks"] == {"database": True, "migrations": True, "feed": True}
    assert told["observed_at"] and told["source"]
    assert answer.status_code == 200
    assert client.get("/api/health/live").json()["status"] == "ok"


@pytest.mark.parametrize("part", ["database", "migrations", "feed"])
def test_not_ready_when_a_part_is_broken(
    client: Client, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def broken() -> Any:
        raise OperationalError("gone")

    monkeypatch.setitem(PARTS, part, Part(broken, "a test"))
    answer = client.get("/api/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
    assert answer.json()["checks"][part] is False
    assert client.get("/api/health/live").status_code == 200
    assert client.get("/api/health").status_code == (503 if part == "database" else 200)


def test_not_ready_when_a_part_hangs(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = threading.Event()

    def hangs() -> Any:
        frozen.wait()
        return Found(True, "")

    monkeypatch.setattr(asking._asker, "_bound_s", 0.05)
    monkeypatch.setitem(PARTS, "database", Part(hangs, "a test"))
    assert client.get("/api/health/ready").status_code == 503
    assert client.get("/api/health").status_code == 503
    assert client.get("/api/health/live").status_code == 200
    frozen.set()


def test_details_are_for_admins(alice: User, admin: User) -> None:
    assert_error(logged_in(alice).get("/api/health/detailed"), 403, "forbidden")
    answer = logged_in(admin).get("/api/health/detailed").json()
    assert set(answer["parts"]) == set(PARTS)
    for name, part in answer["parts"].items():
        assert part["words"] and part["source"] and part["observed_at"], name
        assert part["age_s"] >= 0 and part["duration_ms"] >= 0, name
    assert answer["parts"]["database"]["details"]["engine"] == connection.vendor


def test_the_page_of_health_is_for_admins_and_tells_what_fails(
    alice: User, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "/admin/health/"
    assert logged_in(alice).get(page).status_code == 403
    full = Part(lambda: Found(False, "0.0 of 9.0 GiB are <free>."), "the disk")
    monkeypatch.setitem(PARTS, "disk", full)
    shown = logged_in(admin).get(page).content.decode()
    assert "0.0 of 9.0 GiB are &lt;free&gt;." in shown
    assert 'data-state="failed" title="Source: the disk"' in shown
