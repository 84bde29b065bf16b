"""Requests a minute: who is counted as one, what is not counted, and what beyond it is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from siteflow import limits
from siteflow.limits import rate_limited
from tests.people import logged_in, person
from tests.siteflow.redis_server import RedisServer
from tests.siteflow.test_api import assert_error

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small numbers, in one minute that does not end."""
    settings.RATE_ANONYMOUS, settings.RATE_USER, settings.RATE_CHANGES = 3, 5, 2
    monkeypatch.setattr(limits, "_now", lambda: 1_000_040)
    caches["limits"].clear()
    limits._counts.clear()
    limits._good.clear()


def statuses(
    browser: Client, path: str, times: int, method: str = "get", **given: Any
) -> list[int]:
    return [getattr(browser, method)(path, **given).status_code for _ in range(times)]


def test_an_address_without_login(client: Client) -> None:
    assert statuses(client, "/api/containers", 4) == [401, 401, 401, 429]
    refused = client.get("/api/containers")
    error = assert_error(refused, 429, "throttled")
    assert refused["Retry-After"] == "40"
    assert error["message"] == ("3 requests a minute without login are used up; try again in 40 s.")
    elsewhere = client.get("/api/containers", REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 401


def test_a_person_gets_a_page(client: Client) -> None:
    page: Any = {"headers": {"accept": "text/html"}}
    assert statuses(client, "/admin/login/", 3, **page) == [200, 200, 200]
    refused = client.get("/admin/login/", **page)
    assert refused.status_code == 429 and refused["Retry-After"] == "40"
    assert b"That was too much at once" in refused.content


def test_logins_are_counted_whatever_they_show(client: Client, alice: User) -> None:
    answers = [
        client.post(
            "/admin/login/",
            {"username": "alice", "password": "guess"},
            headers={"Authorization": f"Bearer guess-{number}"},
        ).status_code
        for number in range(4)
    ]
    assert answers == [200, 200, 200, 429]


def test_an_account_wherever_it_is_logged_in(bob: User) -> None:
    assert statuses(logged_in(bob), "/api/containers", 3) == [200] * 3
    other = logged_in(bob)
    assert statuses(other, "/admin/", 1) == [200]
    last = other.get("/api/containers", REMOTE_ADDR="192.0.2.7")
    assert (last["RateLimit-Limit"], last["RateLimit-Remaining"]) == ("5", "0")
    assert last["RateLimit-Reset"] == "40"
    assert statuses(other, "/api/containers", 1, REMOTE_ADDR="192.0.2.7") == [429]
    forged: Any = {"headers": {"Authorization": "Bearer x"}}
    assert statuses(other, "/api/containers", 1, **forged) == [429]
    assert statuses(logged_in(person("alice")), "/api/containers", 1) == [200]


def test_changes_have_a_limit_of_their_own(alice: User) -> None:
    browser = logged_in(alice)
    wrong = {"data": {}, "content_type": "application/json"}
    assert statuses(browser, "/api/operations", 3, "post", **wrong) == [422, 422, 429]
    assert statuses(browser, "/api/containers", 2) == [200, 200]


def test_changes_over_a_socket_count_as_well(alice: User) -> None:
    for _ in range(2):
        limits.spend_change(alice.pk)
    with pytest.raises(limits.TooMany):
        limits.spend_change(alice.pk)


def test_the_next_minute_begins_anew(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert statuses(client, "/api/containers", 4)[-1] == 429
    monkeypatch.setattr(limits, "_now", lambda: 1_000_100)
    assert statuses(client, "/api/containers", 1) == [401]


def test_probes_are_always_answered(client: Client) -> None:
    for path in ("/api/health", "/api/health/live", "/api/health/ready"):
        assert statuses(client, path, 5) == [200] * 5
    assert statuses(client, "/api/containers", 1) == [401]


def test_no_limit_at_all(client: Client, settings: Settings) -> None:
    settings.RATE_ANONYMOUS = 0
    answer = client.get("/api/containers")
    assert "RateLimit-Limit" not in answer
    assert statuses(client, "/api/containers", 20) == [401] * 20


def test_a_network_of_ipv6_is_one(client: Client) -> None:
    for number in range(3):
        client.get("/api/containers", REMOTE_ADDR=f"2001:db8:1:2::{number}")
    assert statuses(client, "/api/containers", 1, REMOTE_ADDR="2001:db8:1:2:ffff::1") == [429]
    assert statuses(client, "/api/containers", 1, REMOTE_ADDR="2001:db8:1:3::1") == [401]


def test_the_address_is_a_known_proxys_word_only(client: Client, settings: Settings) -> None:
    def asked(number: int) -> int:
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        return client.get("/api/containers", headers=headers).status_code

    assert [asked(number) for number in range(4)] == [401, 401, 401, 429]
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    assert [asked(number) for number in range(4)] == [401] * 4


# -- tokens: whoever authenticates by one sets request.user -----------------------------------


def by_token(user: User, token: str, good: tuple[str, ...] = ("good 1", "good 2")) -> Any:
    from django.contrib.auth.models import AnonymousUser

    def view(request: HttpRequest) -> HttpResponse:
        if request.headers["Authorization"] in good:
            request.user, request.auth = user, "as ninja notes it"  # type: ignore[attr-defined]
            return HttpResponse("ok")
        return HttpResponse(status=401)

    request = RequestFactory().get("/api/x", headers={"Authorization": token})
    request.user = AnonymousUser()
    return rate_limited(view)(request)


def test_each_token_counts_for_itself(bob: User) -> None:
    assert [by_token(bob, "good 1").status_code for _ in range(6)] == [200] * 5 + [429]
    assert by_token(bob, "good 2").status_code == 200


def test_guessed_tokens_are_the_addresss_own(bob: User) -> None:
    guesses = [by_token(bob, f"guess {number}").status_code for number in range(4)]
    assert guesses == [401, 401, 401, 429]


def test_a_token_that_was_good_is_not_shut_out_by_its_neighbours(bob: User) -> None:
    assert by_token(bob, "good 1").status_code == 200
    for number in range(4):
        by_token(bob, f"guess {number}")
    assert by_token(bob, "good 1").status_code == 200
    assert by_token(bob, "good 2").status_code == 429  # nobody knows it yet


def test_a_token_that_is_good_no_longer_is_a_guess(bob: User) -> None:
    assert by_token(bob, "good 1").status_code == 200
    answers = [by_token(bob, "good 1", good=()).status_code for _ in range(5)]
    assert answers == [401, 401, 401, 429, 429]


def test_a_login_makes_no_token_good(client: Client, bob: User) -> None:
    form = {"username": "bob", "password": "bob's own"}
    for number in range(3):
        headers: Any = {"Authorization": f"Bearer made up {number}"}
        answer = client.post("/api/auth/token", form, "application/json", headers=headers)
        assert answer.status_code == 200
        client.cookies.clear()
    refused = client.get("/api/containers", headers={"Authorization": "Bearer made up 0"})
    assert refused.status_code == 429


# -- the cache --------------------------------------------------------------------------------


def spent_until_refused() -> int:
    one = limits.Limit("all:user:1", 200, "requests a minute")
    for number in range(300):
        try:
            limits.refuse_if_spent([one])
        except limits.TooMany:
            return number
        limits.spend([one])
    raise AssertionError("never refused")


def test_processes_add_up_what_they_counted() -> None:
    one = limits.Limit("all:user:1", 200, "requests a minute")
    for _ in range(150):
        limits.spend([one])
    limits._counts.clear()  # as another process, which has heard of nothing yet
    assert 50 - 4 <= spent_until_refused() <= 50 + 4


def test_one_process_counts_exactly() -> None:
    assert spent_until_refused() == 200


def test_the_counts_of_past_minutes_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        limits.spend([limits.of_address(f"192.0.2.{number}")])
    monkeypatch.setattr(limits, "_now", lambda: 1_000_100)
    limits.spend([limits.of_address("192.0.2.1")])
    assert len(limits._counts) == 1


@pytest.fixture
def redis(settings: Settings) -> Iterator[RedisServer]:
    with RedisServer() as server:
        backend = {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": server.url,
            "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
        }
        settings.CACHES = {**settings.CACHES, "limits": backend}
        yield server


def test_redis_counts_the_same(redis: RedisServer, client: Client) -> None:
    assert statuses(client, "/api/containers", 4) == [401, 401, 401, 429]
    caches["limits"].close()


def test_without_the_cache_each_process_counts_alone(
    redis: RedisServer, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert statuses(client, "/api/containers", 1) == [401]
    redis.kill()
    begun = time.monotonic()
    assert statuses(client, "/api/containers", 4) == [401, 401, 429, 429]
    assert time.monotonic() - begun < 5
    assert "counted by each process alone" in caplog.text
    caches["limits"].close()
