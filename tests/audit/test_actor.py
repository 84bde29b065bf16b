import os

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.test import RequestFactory
from pytest_django import Settings

from audit.actor import Actor


def test_of_request(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    request = RequestFactory().get(
        "/", headers={"user-agent": "curl/8", "x-forwarded-for": "203.0.113.9"}
    )
    request.user = User(pk=3, username="alice")
    request.request_id = "r-1"  # type: ignore[attr-defined]
    assert Actor.of_request(request, "console") == Actor(
        user_id=3,
        name="alice",
        source="console",
        remote_addr="203.0.113.9",
        user_agent="curl/8",
        request_id="r-1",
    )


def test_of_a_request_by_nobody() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert Actor.of_request(request, "api") == Actor(source="api", remote_addr="127.0.0.1")


def test_of_a_socket(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    scope = {
        "client": ("10.0.0.1", 4711),
        # two headers are one, in their order
        "headers": [
            (b"x-forwarded-for", b"203.0.113.9"),
            (b"X-Forwarded-For", b"10.0.0.2"),
            (b"user-agent", b"Firefox"),
        ],
        "user": User(pk=3, username="alice"),
    }
    assert Actor.of_scope(scope) == Actor(
        user_id=3, name="alice", source="ws", remote_addr="203.0.113.9", user_agent="Firefox"
    )


def test_of_a_socket_that_says_nothing() -> None:
    assert Actor.of_scope({"client": None, "headers": []}) == Actor(source="ws")


def test_of_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert Actor.of_command() == Actor(name="os:root", source="command")
    monkeypatch.setenv("SUDO_USER", "alice")
    assert Actor.of_command().name == "os:root (sudo: alice)"


def test_of_a_command_run_by_a_number_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    assert Actor.of_command().name == "os:4000000000"


def test_of_the_system() -> None:
    assert Actor.system("sweep") == Actor(name="sweep", source="system")
