"""Guesses at each way in, behind made-up addresses and names: a limit holds at each."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from siteflow import limits
from siteflow.accounts import codes
from siteflow.accounts.throttle import ACCOUNT, ADDRESS, PAIR
from tests.siteflow.accounts.ways import give_app, log_in, token_login
from tests.siteflow.sockets import Socket
from tests.siteflow.test_consumers import own_settings

__all__ = ["own_settings"]

pytestmark = pytest.mark.django_db
ASKED: Final = 400  # `test_throttle.py` has ten thousand; these only meet the same closed door
A_MINUTE: Final = 60


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each password that was really compared."""
    seen: list[str] = []
    encode = MD5PasswordHasher.encode

    def noting(self: MD5PasswordHasher, password: str, salt: str) -> str:
        seen.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", noting)
    return seen


def made_up(number: int) -> dict[str, str]:
    return {"X-Forwarded-For": f"10.{number % 200}.{number // 200}.7", "X-Real-IP": "192.0.2.1"}


def test_passwords_by_console_and_api_in_turn(alice: User, looked_at: list[str]) -> None:
    client, statuses = Client(), Counter[int]()
    looked_at.clear()
    for number in range(ASKED):
        ask: Callable[..., Any] = (log_in, token_login)[number % 2]
        statuses[ask(client, "alice", f"guess {number}").status_code] += 1
    assert len(looked_at) == PAIR.failures
    assert statuses[429] == ASKED - PAIR.failures


def test_many_names_and_passwords_from_one_address(db: None, looked_at: list[str]) -> None:
    client = Client()
    looked_at.clear()
    for number in range(ASKED):
        headers = made_up(number)
        body = {"username": f"name{number}", "password": f"guess {number}"}
        client.post("/api/auth/token", body, "application/json", headers=headers)
    assert len(looked_at) == ADDRESS.failures


def test_codes_of_the_second_factor(
    alice: User, looked_at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the right password, and from as many addresses as one likes."""
    give_app(alice)
    looked: list[str] = []

    def wrong(kept: object, code: str) -> bool:
        looked.append(code)
        return False

    monkeypatch.setattr(codes, "_use_totp", wrong)
    for number in range(ASKED):
        client = Client(REMOTE_ADDR=f"192.0.2.{number % 250 + 1}")
        token_login(client, "alice", code=f"{number:06}")
    assert len(looked) == ACCOUNT.failures


@pytest.mark.parametrize("way", ["api token", "access token", "refresh"])
def test_long_secrets(way: str, db: None, settings: Settings) -> None:
    """Nobody guesses 256 bits; what has to hold is the limit of the address."""
    settings.RATE_ANONYMOUS = A_MINUTE
    limits._counts.clear()
    statuses = Counter(ask(way, number) for number in range(ASKED))
    limits._counts.clear()
    assert set(statuses) == {401, 429}
    assert statuses[401] <= 2 * A_MINUTE  # the minute may turn meanwhile


def ask(way: str, number: int) -> int:
    client, guess = Client(), secrets.token_urlsafe(32)
    headers = made_up(number)
    if way == "refresh":
        answer = client.post(
            "/api/auth/refresh", {"refresh": guess}, "application/json", headers=headers
        )
    else:
        text = {"api token": f"sf_{guess}", "access token": f"{guess}.{guess}"}
        headers["Authorization"] = f"Bearer {text[way]}"
        answer = client.get("/api/auth/me", headers=headers)
    return answer.status_code


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("own_settings")
def test_tickets_and_tokens_of_sockets(settings: Settings) -> None:
    """Without cookies, by ticket and by header in turn."""
    settings.RATE_ANONYMOUS = A_MINUTE
    limits._counts.clear()
    codes_said = asyncio.run(sockets(2 * A_MINUTE + 20))
    limits._counts.clear()
    assert set(codes_said) == {"not_authenticated", "throttled"}
    assert codes_said["not_authenticated"] <= 2 * A_MINUTE


async def sockets(number: int) -> Counter[str]:
    said = Counter[str]()
    for n in range(number):
        guess = secrets.token_urlsafe(32)
        socket = Socket(f"/api/ws?ticket={guess}") if n % 2 else Socket("/api/ws", bearer=guess)
        await socket.connect(timeout=15)
        said[(await socket.hear("error"))["code"]] += 1
        await socket.disconnect(timeout=15)
    return said
