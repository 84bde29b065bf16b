"""Every answer carries the headers that keep a browser from being used against us."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings

from siteflow.headers import ALWAYS
from tests.people import logged_in

pytestmark = pytest.mark.django_db


def addresses(found: Any = None, prefix: str = "/") -> Iterator[str]:
    """All there are; what they capture is filled with a number."""
    for one in found if found is not None else get_resolver().url_patterns:
        path = prefix + re.sub(r"<[^>]+>", "1", str(one.pattern).lstrip("^").rstrip("$"))
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, path)
        elif isinstance(one, URLPattern):
            yield re.sub(r"\(\?P?1?[^)]*\)", "x", path).replace("\\Z", "").replace("\\", "")


def assert_safe(answer: Any) -> None:
    for name, value in ALWAYS.items():
        if name != "Cache-Control":
            assert answer[name] == value, name
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "*" not in policy and "http" not in policy
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Request-ID"]


def test_every_address(admin: User, client: Client) -> None:
    paths = sorted(set(addresses()))
    assert len(paths) > 80 and "/api/containers" in paths and "/admin/login/" in paths
    for browser in (client, logged_in(admin)):
        browser.raise_request_exception = False
        for path in paths:
            for method in ("get", "options"):
                answer = getattr(browser, method)(path)
                assert_safe(answer)
                assert answer.status_code < 500, path


@pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/static/nothing.css", "/admin/%00"])
def test_what_is_not_there(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (302, 404)
    assert_safe(answer)


def test_a_host_that_is_not_ours(client: Client, settings: Settings) -> None:
    assert_safe(client.get("/", headers={"host": "elsewhere.example"}))
    settings.SECURE_SSL_REDIRECT = True
    assert_safe(client.get("/", headers={"host": "elsewhere.example"}))
    assert_safe(client.get("/"))


def test_static_files_may_be_kept(client: Client) -> None:
    folder = project.STATIC_ROOT
    folder.mkdir(exist_ok=True)
    (folder / "kept.css").write_text("body {}")
    answer = client.get("/static/kept.css")
    assert answer.status_code == 200
    assert "no-store" not in answer["Cache-Control"] and "max-age" in answer["Cache-Control"]
    answer.close()
    for name, value in ALWAYS.items():
        if name != "Cache-Control":
            assert answer[name] == value, name
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_cookies_follow_how_the_request_came(bob: User) -> None:
    for is_secure in (False, True):
        answer = logged_in(bob).get("/admin/login/?next=/x", secure=is_secure)
        answer = Client().get("/admin/login/", secure=is_secure)
        assert answer.cookies
        for cookie in answer.cookies.values():
            assert bool(cookie["secure"]) is is_secure
            assert cookie["samesite"] == "Lax"
        assert ("Strict-Transport-Security" in answer) is is_secure


def test_a_proxys_word_on_the_scheme(settings: Settings, client: Client) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    plain = client.get("/admin/login/", headers=headers)
    assert "Strict-Transport-Security" not in plain
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    told = client.get("/admin/login/", headers=headers)
    assert "Strict-Transport-Security" in told
    assert b"evil.example" not in told.content
