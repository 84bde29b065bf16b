"""Reads the body of an API request, and refuses JSON that nothing behind it could bear."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser

MAX_DEPTH: Final = 50


class NotJson(Exception):
    code, status = "bad_json", 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class WrongMediaType(Exception):
    code, status = "unsupported_media_type", 415
    message = "Send JSON, with Content-Type: application/json."


class JsonBody(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise WrongMediaType
        return read_json(request.body)


def read_json(body: bytes) -> Any:
    """The value. Raises NotJson for what is no JSON, too deep, or holds text nobody can store."""
    try:
        value = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NotJson("The body is not JSON.") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise NotJson(f"The body is nested deeper than {MAX_DEPTH} levels.")
    if b"\\u" in body:
        _refuse_unstorable(value)
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _depth(value: Any) -> int:
    """How deep lists and objects lie in one another; counts level by level, not by recursion."""
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, list | dict)]:
        depth += 1
        level = [
            child for one in level for child in (one.values() if isinstance(one, dict) else one)
        ]
    return depth


def _refuse_unstorable(value: Any) -> None:
    """NUL, which PostgreSQL cannot keep in text, and halves of a pair, which are no character."""
    text = json.dumps(value, ensure_ascii=False)
    if not text.isascii() and not _is_encodable(text):
        raise NotJson("The body holds half a surrogate pair.")
    if "\\u0000" in text.replace("\\\\", ""):
        raise NotJson("The body holds a NUL character.")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
