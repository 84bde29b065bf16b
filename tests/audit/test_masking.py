import json
import time
from typing import Any

import pytest

from audit.masking import MASK, MAX_JSON_CHARS, cap_line, cap_text, clean_json, mask_text

SECRET = "hunter2-Zq9"
PEM = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRET}\n-----END OPENSSH PRIVATE KEY-----"


@pytest.mark.parametrize(
    "key",
    [
        *("password", "PASSWORD", "db_password", "token", "api_token", "client-secret"),
        *("private_key", "PrivateKey", "passphrase", "Authorization", "apiKey"),
        *("session_cookie", "aws_access_key", "credentials"),
    ],
)
def test_values_under_a_telling_key_are_hidden(key: str) -> None:
    cleaned = clean_json({"env": [{key: SECRET, "image": "nginx"}]}, max_text=100)
    assert cleaned == {"env": [{key: MASK, "image": "nginx"}]}
    assert clean_json({key: {"inner": SECRET}}, max_text=100) == {key: MASK}


def test_whether_there_was_a_secret_may_be_said() -> None:
    flags = {"password": None, "has_token": True, "secret": ""}
    assert clean_json(flags, max_text=100) == flags


@pytest.mark.parametrize(
    "text",
    [
        f"MYSQL_ROOT_PASSWORD={SECRET} docker run",
        f"--token={SECRET}",
        f'{{"api_key": "{SECRET}"}}',
        f"password: '{SECRET} with spaces'",
        f"Authorization: Bearer {SECRET}",
        f"fetch https://alice:{SECRET}@example.org/x",
        PEM,
        PEM[: PEM.index("-----END")],
    ],
)
def test_secrets_in_text_are_hidden(text: str) -> None:
    assert SECRET not in mask_text(text)
    assert MASK in mask_text(text)
    assert SECRET not in json.dumps(clean_json({"line": [text]}, max_text=1000))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "password: wrong",
        "unexpected token in line 3",
        "https://example.org:8080/path@x",
        "pulled nginx@sha256:1234",
        "the secretary's key",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "text",
    ["token" * 100_000, "a" * 500_000, "://" * 150_000, "-----BEGIN " * 40_000, "secret=" * 70_000],
)
def test_hostile_text_is_not_slow(text: str) -> None:
    start = time.process_time()
    mask_text(text)
    assert time.process_time() - start < 5  # quadratic would be minutes


def test_what_a_database_refuses_is_taken_out() -> None:
    assert mask_text("a\x00b\ud800c") == "ab?c"
    assert clean_json({"k\x00": "v\ud800"}, max_text=9) == {"k": "v?"}


def test_long_text_keeps_both_ends_and_says_what_was_cut() -> None:
    text = "begin" + "x" * 10_000 + "end"
    capped = cap_text(text, 200)
    assert 180 < len(capped) <= 200
    assert capped.startswith("begin") and capped.endswith("end")
    assert capped.count("x") + 9848 + len("beginend") == len(text)
    assert "\n… 9848 characters cut …\n" in capped
    assert cap_text("short", 200) == "short"
    assert len(cap_text(text, 5)) == 5


def test_cap_line() -> None:
    assert cap_line("abcdef", 4) == "abc…"
    assert cap_line("abcd", 4) == "abcd"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-0.0, 0),
        (1e16, 10_000_000_000_000_000),
        (0.1, 0.1),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (10**400, "a number too large to keep"),
        ((1, "two", None, True), [1, "two", None, True]),
        (b"bytes", "b'bytes'"),
        ({1: 2}, {"1": 2}),
        (None, None),
    ],
)
def test_values_become_plain_json(value: Any, expected: Any) -> None:
    assert clean_json(value, max_text=100) == expected


def test_what_is_too_large_is_replaced() -> None:
    cleaned = clean_json({str(number): "x" * 90 for number in range(5000)}, max_text=100)
    assert list(cleaned) == ["cut"] and f"more than the {MAX_JSON_CHARS}" in cleaned["cut"]


def test_what_is_too_deep_is_cut() -> None:
    value: Any = {"password": SECRET}
    for _ in range(2000):
        value = [value]
    assert json.dumps(clean_json(value, max_text=100)).strip("[]") == '"nested too deeply to keep"'
