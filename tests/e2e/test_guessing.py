"""A thousand guesses over HTTP, behind made-up addresses: few passwords are really looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.stack import Stack, stack

pytestmark = pytest.mark.e2e
TRIES = 1_000
AT_ONCE = 4
PAIR_FAILURES = 5  # of one account from one address, see siteflow/accounts/throttle.py


@pytest.fixture(scope="module")
def guessed() -> Iterator[Stack]:
    with stack() as running:
        yield running


def guess(url: str, number: int) -> int:
    headers = {
        "X-Forwarded-For": f"10.{number % 250}.{number // 250}.7",
        "X-Real-IP": f"198.51.100.{number % 250}",
        "Forwarded": f"for=203.0.113.{number % 250}",
    }
    body = {"username": "admin", "password": f"guess {number}"}
    answer = requests.post(f"{url}/api/auth/token", json=body, headers=headers, timeout=60)
    return answer.status_code


def test_a_thousand_tries(guessed: Stack) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = Counter(pool.map(lambda n: guess(guessed.url, n), range(TRIES)))
    # 401 is an answer after the password was looked at, 429 one without.
    assert statuses == {401: PAIR_FAILURES, 429: TRIES - PAIR_FAILURES}
    entries = guessed.manage_json("audit", "list")
    actions = Counter(entry["action"] for entry in entries)
    assert actions["auth.login_failed"] == PAIR_FAILURES
    assert actions["auth.refused"] == 1
