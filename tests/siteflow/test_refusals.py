"""What Django, a middleware or a view refuses: JSON for programs, a page for people."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from siteflow.logs import formatter
from siteflow.refusals import one_shape, refusal
from tests.people import logged_in
from tests.siteflow.loops import in_loop
from tests.siteflow.test_api import assert_error

pytestmark = pytest.mark.django_db

JSON: Final = "application/json"
BROWSER: Final = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
# what is asked (method, path, what is given) → the status and its code
REFUSED: Final[dict[str, tuple[str, str, dict[str, Any], int, str]]] = {
    "nothing there": ("get", "/nothing", {}, 404, "not_found"),
    "nothing there in the console": ("get", "/admin/sites/nothing/", {}, 404, "not_found"),
    "a page that takes no POST": ("post", "/admin/jsi18n/", {}, 405, "method_not_allowed"),
    "another host": ("get", "/", {"headers": {"host": "elsewhere.example"}}, 400, "bad_request"),
    "a broken form": (
        "post",
        "/admin/login/",
        {"data": b"x", "content_type": "multipart/form-data"},
        400,
        "bad_request",
    ),
    "too many fields": (
        "post",
        "/admin/login/",
        {"data": {f"field{number}": "" for number in range(1200)}},
        413,
        "too_large",
    ),
}


def ask(browser: Client, name: str, accept: str) -> Any:
    method, path, given, _, _ = REFUSED[name]
    headers = {"accept": accept, **given.get("headers", {})}
    return getattr(browser, method)(path, **{**given, "headers": headers})


@pytest.fixture
def browser(bob: User) -> Client:
    return logged_in(bob)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("name", REFUSED)
def test_a_program_gets_the_one_shape(
    browser: Client, settings: Settings, name: str, debug: bool
) -> None:
    settings.DEBUG = debug
    status, code = REFUSED[name][3:]
    if debug and status in (400, 413):  # Django's own page for developers says 400 for both
        status, code = 400, "bad_request"
    assert_error(ask(browser, name, JSON), status, code)


@pytest.mark.parametrize("name", REFUSED)
def test_a_person_gets_a_page(browser: Client, name: str) -> None:
    answer = ask(browser, name, BROWSER)
    assert answer.status_code == REFUSED[name][3]
    text = answer.content.decode()
    assert f'<p class="faint">{answer.status_code}</p>' in text and "<h1>" in text
    assert answer["X-Request-ID"] in text
    if answer.status_code == 405:
        assert answer["Allow"]


@pytest.mark.parametrize("accept", [JSON, BROWSER, "", "image/png"])
def test_under_api_it_is_json_whatever_is_asked_for(client: Client, accept: str) -> None:
    assert_error(client.get("/api/nothing", headers={"accept": accept}), 404, "not_found")
    assert_error(client.put("/api/health", headers={"accept": accept}), 405, "method_not_allowed")


@pytest.mark.parametrize("debug", [False, True])
def test_a_form_from_elsewhere(settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug
    browser = Client(enforce_csrf_checks=True)
    page = browser.post("/admin/login/", {"username": "x"}, headers={"accept": BROWSER})
    assert page.status_code == 403 and b"This form was not sent from here" in page.content
    told = browser.post("/admin/login/", {"username": "x"}, headers={"accept": JSON})
    assert_error(told, 403, "csrf_failed")


FAILURES: Final = [
    (RuntimeError("inner secret"), 500, "internal_error", "SiteFlow itself failed"),
    (OperationalError("locked: inner secret"), 503, "unavailable", "SiteFlow cannot answer now"),
    (PermissionDenied("inner secret"), 403, "forbidden", "You may not do that"),
]


@pytest.mark.parametrize(("error", "status", "code", "title"), FAILURES)
def test_a_page_that_fails(
    browser: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    status: int,
    code: str,
    title: str,
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", broken)
    browser.raise_request_exception = False
    headers = {"X-Request-ID": "request-78"}
    page = browser.get("/admin/", headers={"accept": BROWSER, **headers})
    assert page.status_code == status and title in page.content.decode()
    told = browser.get("/admin/", headers={"accept": JSON, **headers})
    assert_error(told, status, code)
    under_api = browser.get("/api/containers", headers=headers)
    assert_error(under_api, status, code)
    for answer in (page, told, under_api):
        assert b"inner secret" not in answer.content
    if status >= 500:
        assert "inner secret" in caplog.text
        lines = [formatter().format(one) for one in caplog.records]
        assert lines and all("request-78" in line for line in lines)


def test_an_empty_refusal_is_filled_and_another_left() -> None:
    request = RequestFactory().get("/", headers={"accept": BROWSER})
    for content, expected in ((b"", b"There is nothing"), (b"own words", b"own words")):
        response = one_shape(lambda _, body=content: HttpResponse(body, status=404))(request)  # type: ignore[misc]
        assert expected in response.content  # type: ignore[attr-defined]


def test_what_the_gate_marked_is_not_looked_at() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise AssertionError

    request: Any = RequestFactory().get("/api/x")
    request.scope = {"siteflow.refused": 414}
    answer = one_shape(view)(request)
    assert answer.status_code == 414


def test_a_status_without_a_page_of_its_own_has_one() -> None:
    from siteflow.errors import plain

    answer = refusal(RequestFactory().get("/", headers={"accept": BROWSER}), plain(418))
    assert answer.status_code == 418 and b"<h1>Bad request</h1>" in answer.content


@in_loop
async def test_a_stream_that_breaks_is_logged_and_breaks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"half"
        raise KeyError("in the middle")

    request: Any = RequestFactory().get("/api/audit/export")
    request.request_id = "request-79"
    response: Any = one_shape(lambda _: StreamingHttpResponse(pieces()))(request)
    got = []
    with caplog.at_level(logging.ERROR), pytest.raises(KeyError):
        async for piece in response.streaming_content:
            got.append(piece)
    assert got == [b"half"]
    assert "request-79" in caplog.text
