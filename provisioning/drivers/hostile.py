"""Text that came from a host, made safe to store and to show."""

from __future__ import annotations

import re

# Control characters could move a terminal's cursor or forge log lines; PostgreSQL refuses NUL and
# lone surrogates in text.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]+"
)
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def printable(text: str | bytes, *, limit: int = 500) -> str:
    """One line of at most ``limit`` characters, blanks instead of control characters."""
    if isinstance(text, bytes):
        text = text[: limit * 8].decode("utf-8", "replace")
    line = " ".join(_UNPRINTABLE.sub(" ", text[: limit * 8]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def storable(text: str, *, limit: int) -> str:
    """The text as it is, without what a database cannot hold, cut at ``limit`` characters."""
    return _UNSTORABLE.sub("", text[:limit])
