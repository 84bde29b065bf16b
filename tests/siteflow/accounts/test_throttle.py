"""Guessing is slow, whatever the guesser pretends, and the owner still gets in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone

from audit.models import Entry
from siteflow.accounts.devices import COOKIE
from siteflow.accounts.models import Attempts
from siteflow.accounts.throttle import ACCOUNT, PAIR, Throttled, attempt
from tests.siteflow.accounts.ways import log_in, token_login

pytestmark = pytest.mark.django_db


class Checks:
    """How many passwords were really looked at."""

    def __init__(self) -> None:
        self.number = 0


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Checks:
    counted = Checks()
    encode = MD5PasswordHasher.encode

    def counting(self: MD5PasswordHasher, password: str, salt: str) -> str:
        counted.number += 1
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    return counted


def pass_time(**time: float) -> None:
    """Everything that was counted happened that much earlier."""
    for row in Attempts.objects.all():
        row.began_at -= timedelta(**time)
        row.blocked_until = row.blocked_until and row.blocked_until - timedelta(**time)
        row.save()


def guesses(client: Client, number: int, name: str = "alice") -> list[int]:
    return [log_in(client, name, f"guess {n}").status_code for n in range(number)]


def test_after_five_failures_there_is_a_wait(client: Client, alice: User, checks: Checks) -> None:
    assert guesses(client, 7) == [200] * 5 + [429] * 2
    checks.number = 0
    answer = log_in(client, "alice")
    assert answer.status_code == 429 and 50 <= int(answer["Retry-After"]) <= 60
    assert "Too many failed attempts. Try again in" in answer.content.decode()
    assert checks.number == 0
    pass_time(seconds=61)
    assert log_in(client, "alice").status_code == 302
    assert guesses(Client(), 5) == [200] * 5  # and then it begins anew


def test_the_wait_grows(client: Client, alice: User) -> None:
    waits = []
    for _ in range(9):
        while (answer := log_in(client, "alice", "wrong")).status_code != 429:
            pass
        waits.append(round(int(answer["Retry-After"]) / 60))
        Attempts.objects.update(blocked_until=timezone.now() - timedelta(seconds=1))
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert max(waits) == 60


@time_machine.travel("2026-01-01 10:00Z", tick=False)
def test_ten_thousand_tries_behind_made_up_addresses(alice: User, checks: Checks) -> None:
    """X-Forwarded-For of somebody who is no proxy of ours is not believed; all in one moment."""
    checks.number = throttled = 0
    for n in range(10_000):
        headers = {"X-Forwarded-For": f"10.{n % 200}.{n // 200}.7"}
        request = RequestFactory().post("/admin/login/", headers=headers)
        try:
            assert authenticate(request, username="alice", password=f"guess {n}") is None
        except Throttled:
            throttled += 1
    assert checks.number == PAIR.failures
    assert throttled == 10_000 - PAIR.failures
    assert Attempts.objects.count() == 3


def test_an_account_is_guarded_from_many_addresses(alice: User, checks: Checks) -> None:
    """Many machines together get no more than the account's own limit."""
    checks.number = 0
    for n in range(200):
        client = Client(REMOTE_ADDR=f"192.0.2.{n + 1}")
        log_in(client, "alice", f"guess {n}")
    assert checks.number == ACCOUNT.failures


def test_an_address_that_tries_many_names_is_stopped_and_leaves_few_rows(client: Client) -> None:
    statuses = [log_in(client, f"name{n}", "Summer2026!").status_code for n in range(150)]
    assert statuses.count(200) == 100 and statuses[-1] == 429
    assert Attempts.objects.count() == 2 * 100 + 1


def test_a_name_that_is_nobody_s_looks_and_costs_the_same(
    client: Client, alice: User, checks: Checks
) -> None:
    def seen(name: str) -> list[tuple[int, bool, int]]:
        found = []
        for n in range(7):
            checks.number = 0
            answer = log_in(client, name, f"guess {n}")
            text = answer.content.decode().replace(name, "NAME")
            found.append((answer.status_code, "do not match" in text, checks.number))
        return found

    assert seen("alice") == seen("nobody")


def test_a_disabled_account_looks_like_a_wrong_password(client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    right, wrong = log_in(client, "alice"), log_in(client, "alice", "wrong")
    assert right.status_code == wrong.status_code == 200
    assert "do not match" in right.content.decode()


def test_a_known_device_gets_in_while_others_guess(alice: User) -> None:
    own = Client(REMOTE_ADDR="198.51.100.7")
    assert log_in(own, "alice").status_code == 302
    own.post("/admin/logout/")
    for n in range(40):
        log_in(Client(REMOTE_ADDR=f"192.0.2.{n + 1}"), "alice", "guess")
    assert log_in(Client(REMOTE_ADDR="203.0.113.9"), "alice").status_code == 429
    assert log_in(own, "alice").status_code == 302
    own.post("/admin/logout/")
    assert guesses(own, 7) == [200] * 5 + [429] * 2  # it has a limit, too


def test_a_device_of_somebody_else_s_or_a_forged_one_is_none(alice: User, bob: User) -> None:
    own = Client()
    log_in(own, "bob")
    own.post("/admin/logout/")
    assert guesses(own, 6)[-1] == 429
    own.cookies[COOKIE] = "forged:1:x"
    assert log_in(own, "alice").status_code == 429


def test_the_device_cookie_is_for_the_server_only(client: Client, alice: User) -> None:
    cookie = log_in(client, "alice").cookies[COOKIE]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert "alice" not in cookie.value


def test_the_api_says_when_to_come_again(client: Client, alice: User) -> None:
    answers = [token_login(client, "alice", "wrong") for _ in range(6)]
    assert [one.status_code for one in answers] == [401] * 5 + [429]
    error = answers[-1].json()["error"]
    assert error["code"] == "throttled" and error["details"]["retry_after_s"] > 50
    assert int(answers[-1]["Retry-After"]) == error["details"]["retry_after_s"]
    assert log_in(client, "alice").status_code == 429  # one count for all ways in


def test_a_wait_is_on_record_once(client: Client, alice: User) -> None:
    guesses(client, 30)
    names = list(Entry.objects.order_by("id").values_list("action", flat=True))
    assert names == ["auth.login_failed"] * 5 + ["auth.refused"]
    entry = Entry.objects.latest("id")
    assert (entry.status, entry.target_name, entry.error_code) == ("refused", "alice", "throttled")


def test_an_ipv6_customer_is_one_address(alice: User) -> None:
    statuses = [
        log_in(Client(REMOTE_ADDR=f"2001:db8:1:2::{n + 1:x}"), "alice", "wrong").status_code
        for n in range(6)
    ]
    assert statuses[-1] == 429


def test_what_is_old_is_forgotten(client: Client, alice: User) -> None:
    guesses(client, 3)
    Attempts.objects.update(forget_at=timezone.now() - timedelta(seconds=1))
    log_in(client, "bob", "wrong")
    assert Attempts.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_many_at_once_get_no_more_guesses() -> None:
    """As with several processes: each thread has a connection of its own."""
    start = Barrier(12)

    def one() -> bool:
        start.wait(30)
        try:
            attempt(None, what="password", name="alice")
        except Throttled:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(12) as pool:
        allowed = [pool.submit(one) for _ in range(12)]
    assert sum(one.result() for one in allowed) == PAIR.failures
