from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from siteflow.json_body import MAX_DEPTH, NotJson, read_json
from tests.people import logged_in
from tests.siteflow.test_api import assert_error


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, "\\u00fc\\n"]}', {"a": [1, "ü\n"]}),
        (b'"\\ud83d\\ude80"', "\U0001f680"),
        (b'"\\\\u0000"', "\\u0000"),  # a backslash and five characters
        (b'"[[[[{{{{"' + b" " * 100, "[[[[{{{{"),
        (b"[" + b"[]," * 99 + b"[]]", [[]] * 100),  # wide, not deep
        (b'"' + b"[" * 100 + b'"', "[" * 100),
    ],
)
def test_what_is_read(body: bytes, value: Any) -> None:
    assert read_json(body) == value


def test_as_deep_as_allowed() -> None:
    assert read_json(nested(MAX_DEPTH)) is not None


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b"NaN",
        b'{"a": Infinity}',
        b"9" * 5000,
        b'"a\\u0000b"',
        b'{"\\u0000": 1}',
        b'"\\ud83d"',
        b'["\\\\\\u0000"]',
        nested(MAX_DEPTH + 1),
        nested(100_000),
        b'{"a":' * 60 + b"1" + b"}" * 60,
    ],
)
def test_what_is_refused(body: bytes) -> None:
    with pytest.raises(NotJson):
        read_json(body)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        (b"{", "application/json", 400, "bad_json"),
        (b'{"kind": "\\u0000"}', "application/json", 400, "bad_json"),
        (nested(100_000), "application/json; charset=utf-8", 400, "bad_json"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"<a/>", "application/xml", 415, "unsupported_media_type"),
        (b"{}", "application/json", 422, "invalid"),
    ],
)
def test_the_answer(alice: User, body: bytes, media_type: str, status: int, code: str) -> None:
    answer = logged_in(alice).generic("POST", "/api/operations", body, media_type)
    assert_error(answer, status, code)
