"""Whatever any parameter or body of the API holds, it is refused or carried out: never 5xx."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.utils.http import urlencode

from siteflow.api import api
from tests.people import logged_in
from tests.provisioning.rows import make_container, make_host

pytestmark = pytest.mark.django_db

MAX_PAGE_SIZE: Final = 500
PATHS: Final[dict[str, Any]] = api.get_openapi_schema(path_prefix="/api/")["paths"]
VALUES: Final = (
    "", "0", "-1", "9" * 30, "9" * 5000, "1e400", "NaN", "a" * 7000,
    "'; DROP TABLE x; --", "<b>", "%", "\x01\x7f\u202e\U0001f680", "2026-13-45",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00", "null", "[]", "../../etc/passwd",
)  # fmt: skip
BODIES: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 10**30, 1e308, "", "x" * 100_000, [], [[]], {}, {"a": None}, [None] * 1000,
    "\x01\u202e\U0001f680", {"": ""},
)  # fmt: skip
# What changes who is logged in or asks the outside world is looked at by tests of its own.
APART: Final = re.compile(r"/api/(auth|tokens|health)\b")


def queries() -> Iterator[tuple[str, str]]:
    for path, methods in PATHS.items():
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter["in"] == "query" and not APART.match(path):
                yield path, parameter["name"]


def changes() -> Iterator[tuple[str, str, Any]]:
    for path, methods in PATHS.items():
        for method, described in methods.items():
            if method != "get" and "requestBody" in described and not APART.match(path):
                yield method, path, described["requestBody"]["content"]


@pytest.fixture
def browser(admin: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    make_container(make_host())
    return logged_in(admin)


def filled(path: str, value: str = "1") -> str:
    return re.sub(r"\{[^}]*\}", value, path)


@pytest.mark.parametrize(("path", "name"), list(queries()))
def test_every_parameter(browser: Client, path: str, name: str) -> None:
    for value in VALUES:
        answer = browser.get(f"{filled(path)}?{urlencode({name: value})}")
        # Only the logs ask the host, which is not there.
        good = answer.status_code < 500 or (
            answer.status_code == 502 and "{container_id}/logs" in path
        )
        assert good, (name, value[:50], answer.status_code)


@pytest.mark.parametrize("path", sorted(path for path in PATHS if "{" in path))
def test_every_number_in_an_address(browser: Client, path: str) -> None:
    for value in ("0", "9" * 18, "9" * 30, "9" * 4400):
        for method in PATHS[path]:
            answer = browser.generic(method.upper(), filled(path, value), b"{}", "application/json")
            assert 400 <= answer.status_code < 500, (method, value[:20], answer.status_code)


def fields(content: Any) -> set[str]:
    schema = content["application/json"]["schema"]
    named = {one["$ref"].rpartition("/")[2] for one in [schema] if "$ref" in one}
    all_of = api.get_openapi_schema(path_prefix="/api/")["components"]["schemas"]
    return {field for name in named for field in all_of[name].get("properties", {})}


@pytest.mark.parametrize(("method", "path", "content"), list(changes()))
def test_every_body(browser: Client, method: str, path: str, content: Any) -> None:
    sent: list[Any] = list(BODIES)
    sent += [{field: value} for field in fields(content) for value in BODIES]
    for body in sent:
        answer = browser.generic(method.upper(), filled(path), json.dumps(body), "application/json")
        assert answer.status_code < 500, (str(body)[:80], answer.content[:300])


def test_no_list_has_more_than_so_many() -> None:
    sizes = [
        parameter["schema"]["maximum"]
        for methods in PATHS.values()
        for parameter in methods.get("get", {}).get("parameters", [])
        if parameter["name"] == "page_size"
    ]
    assert len(sizes) >= 5 and set(sizes) == {MAX_PAGE_SIZE}
    for page in admin.site._registry.values():
        assert page.list_per_page <= MAX_PAGE_SIZE and page.list_max_show_all <= MAX_PAGE_SIZE


def test_a_list_of_the_console_stays_bounded(browser: Client) -> None:
    for query in ("all=", "p=-1", f"p={'9' * 30}", "o=x", "o=1.2.3.-9", "list_per_page=100000"):
        answer = browser.get(f"/admin/sites/container/?{query}", follow=True)
        assert answer.status_code in (200, 400, 404), query
