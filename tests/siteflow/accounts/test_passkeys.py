"""A passkey gets in alone only when it also knew its owner."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.siteflow.accounts.security_key import SecurityKey
from tests.siteflow.accounts.ways import log_in

pytestmark = pytest.mark.django_db
PASSKEY = "/account/login/passkey/"
CODE = "/account/login/code/"


def asked(client: Client) -> dict[str, Any]:
    answer = client.get(PASSKEY, headers={"accept": "application/json"}, secure=True)
    options: dict[str, Any] = answer.json()["request_options"]
    return options


def asked_after_the_password(client: Client) -> dict[str, Any]:
    page = client.get(CODE, secure=True).content.decode()
    found = re.search(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page, re.S)
    assert found, page
    options: dict[str, Any] = json.loads(found[1])["request_options"]
    return options


def post(client: Client, path: str, credential: str) -> Any:
    return client.post(path, {"credential": credential}, secure=True)


def who(client: Client) -> str | None:
    answer = client.get("/api/auth/me", secure=True)
    return answer.json()["username"] if answer.status_code == 200 else None


def test_a_key_that_verified_its_owner_gets_in_alone(client: Client, alice: User) -> None:
    key = SecurityKey(alice, verifies=True)
    post(client, PASSKEY, key.answer(asked(client)))
    assert who(client) == "alice"


def test_a_key_that_was_only_touched_is_a_second_factor(client: Client, alice: User) -> None:
    key = SecurityKey(alice, verifies=False)
    post(client, PASSKEY, key.answer(asked(client)))
    assert who(client) is None
    log_in(client, "alice", secure=True)
    post(client, CODE, key.answer(asked_after_the_password(client)))
    assert who(client) == "alice"


def test_a_question_of_the_second_step_does_not_let_a_touch_in(
    client: Client, alice: User, bob: User
) -> None:
    """Bob's own second step asks for a touch only; alice's stolen key may not answer it."""
    SecurityKey(bob, verifies=False)
    stolen = SecurityKey(alice, verifies=False)
    log_in(client, "bob", secure=True)
    post(client, PASSKEY, stolen.answer(asked_after_the_password(client)))
    assert who(client) is None


@pytest.mark.parametrize(
    "credential",
    ["", "x", "1", "[]", "null", '"text"', "{}", '{"response": 1}', '{"response": []}',
     '{"id": "YQ", "rawId": "YQ", "type": "public-key", "response": {"userHandle": 1}}'],
)  # fmt: skip
def test_what_is_no_answer_of_a_key_is_refused(client: Client, credential: str) -> None:
    asked(client)
    assert post(client, PASSKEY, credential).status_code == 302
    assert who(client) is None


def test_an_answer_without_a_bottom_is_refused(client: Client) -> None:
    asked(client)
    assert post(client, PASSKEY, "[" * 50_000).status_code == 302


@pytest.mark.parametrize(
    "handle", ["", "%", "eno", "enp6enp6enp6enp6eg", "MA", "AAAA", None, 5, []]
)
def test_an_account_that_there_is_not(client: Client, alice: User, handle: Any) -> None:
    answer = json.loads(SecurityKey(alice, verifies=True).answer(asked(client)))
    answer["response"]["userHandle"] = handle
    assert post(client, PASSKEY, json.dumps(answer)).status_code == 302
    assert who(client) is None
