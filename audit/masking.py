"""What may enter an entry: no secrets, no bytes a database refuses, nothing without a limit.

Callers are expected to leave secrets out. This is the second line, so it errs on the side of
hiding too much.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

MASK = "•••"
MAX_JSON_CHARS = 65_536
MAX_JSON_DEPTH = 12
MAX_NUMBER_BITS = 1_024
NOTE_CHARS = 40  # room for the note of how much was cut

_WORDS = (
    r"password|passwd|passphrase|secret|token|private[_-]?key|api[_-]?key|access[_-]?key"
    r"|authorization|cookie|credential"
)
_SECRET_KEY = re.compile(_WORDS, re.IGNORECASE)
# Every repetition is bounded or anchored on a literal: text from hosts is hostile and must not
# make these slow.
_IN_TEXT = (
    (
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----.*?"
            r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)",
            re.DOTALL,
        ),
        MASK,
    ),
    (re.compile(r"(://[^/\s:@]{0,100}:)[^@/\s]{1,500}@"), rf"\1{MASK}@"),
    (re.compile(r"((?:bearer|basic)\s{1,3})[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1{MASK}"),
    (
        re.compile(
            rf"((?:{_WORDS})[\w-]{{0,40}}[\"']?\s?[=:]\s?[\"'])[^\"'\n]{{1,10000}}",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    (
        re.compile(rf"((?:{_WORDS})[\w-]{{0,40}}=)[^\s\"'•]{{1,10000}}", re.IGNORECASE),
        rf"\1{MASK}",
    ),
)


def clean_text(text: object) -> str:
    """Text that SQLite and PostgreSQL both store unchanged: no NUL, no lone surrogates."""
    plain = str(text).replace("\x00", "")
    return plain.encode("utf-8", "replace").decode("utf-8")


def mask_text(text: object) -> str:
    """The text with what looks like a secret replaced."""
    masked = clean_text(text)
    for pattern, replacement in _IN_TEXT:
        masked = pattern.sub(replacement, masked)
    return masked


def cap_text(text: str, limit: int) -> str:
    """At most `limit` characters: the beginning and the end, with a note of how much was cut."""
    if len(text) <= limit:
        return text
    kept = max(limit - NOTE_CHARS, 0)
    note = f"\n… {len(text) - kept} characters cut …\n"
    head = kept // 2
    return (text[:head] + note + text[len(text) - (kept - head) :])[:limit]


def cap_line(text: object, limit: int) -> str:
    """One short field, cut at the end."""
    plain = clean_text(text)
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def clean_json(value: object, *, max_text: int) -> Any:
    """The value as JSON that reads back equal from both databases, secrets masked.

    jsonb stores numbers as decimals: -0.0 and 1e16 would come back as 0 and as an integer and
    break the entry's hash, so whole floats become integers here.
    """
    cleaned = _clean(value, max_text, 0)
    size = len(json.dumps(cleaned, ensure_ascii=False))
    if size <= MAX_JSON_CHARS:
        return cleaned
    return {"cut": f"{size} characters, more than the {MAX_JSON_CHARS} an entry keeps"}


def _clean(value: object, max_text: int, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _clean_number(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset) and depth >= MAX_JSON_DEPTH:
        return "nested too deeply to keep"
    if isinstance(value, Mapping):
        return {
            cap_line(key, 255): _clean_member(key, item, max_text, depth)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, max_text, depth + 1) for item in value]
    return cap_text(mask_text(value), max_text)


def _clean_member(key: object, value: object, max_text: int, depth: int) -> Any:
    if _SECRET_KEY.search(str(key)) and value not in (None, "", True, False):
        return MASK
    return _clean(value, max_text, depth + 1)


def _clean_number(value: int | float) -> int | float | str:
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        if not value.is_integer():
            return float(value)
    number = int(value)
    return number if number.bit_length() <= MAX_NUMBER_BITS else "a number too large to keep"
