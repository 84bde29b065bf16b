"""Reading a ``.env`` as Compose v2 does (compose-go, ``dotenv/parser.go`` and ``template``)."""

from __future__ import annotations

import re
from typing import Final

from provisioning.drivers.errors import DriverError

# A few lines that each repeat the one before fill any memory; a real file is far smaller.
MAX_CHARS = 1_000_000

_BLANK: Final = re.compile(r"(?:\s|#[^\n]*)*")
_STATEMENT: Final = re.compile(
    r"(?:export[ \t]+)?([A-Za-z0-9_.\-\[\]]+)[ \t]*(?:([=:])[ \t\v\f\r]*|(?=\n|\Z))"
)
_QUOTED: Final = {
    "'": re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL),
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
}
_ESCAPE: Final = re.compile(r"\\([abfnrtv$\"\\]|0[0-3][0-7]{2})")
_ESCAPED: Final = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True)) | {"$": "$$"}
_REFERENCE: Final = re.compile(
    r"\$(?:(?P<dollar>\$)|(?P<plain>[A-Za-z_][A-Za-z0-9_]*)"
    r"|\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<colon>:?)(?P<how>[-+?])(?P<other>[^${}]*))?\}"
    r"|(?P<bad>))"
)


class Reader:
    """One file; ``read`` may be called once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._chars = 0
        self._longest = 0
        self._env: dict[str, str] = {}

    def read(self) -> dict[str, str]:
        while self._skip_blank():
            found = _STATEMENT.match(self._text, self._at)
            if found is None:
                raise self._refused("this is not NAME=value")
            if found[2]:  # a name alone stands for a variable of the process: there is none
                self._keep(found[1], self._value(found.end()))
            else:
                self._at = found.end()
        return self._env

    def _skip_blank(self) -> bool:
        blank = _BLANK.match(self._text, self._at)
        self._at = blank.end() if blank else self._at
        return self._at < len(self._text)

    def _keep(self, name: str, value: str) -> None:
        self._chars += len(value)
        self._longest = max(self._longest, len(value))
        if self._chars > MAX_CHARS:
            raise self._refused("the values are too long")
        self._env[name] = value

    def _value(self, start: int) -> str:
        """The value that begins there; goes on to what follows it."""
        quote = self._text[start : start + 1]
        if quote in _QUOTED:
            return self._quoted(quote, start)
        end = self._text.find("\n", start)
        end = len(self._text) if end < 0 else end
        value = self._expanded(self._text[start:end].partition(" #")[0].rstrip())
        self._at = end
        return value

    def _quoted(self, quote: str, start: int) -> str:
        found = _QUOTED[quote].match(self._text, start)
        if found is None:
            raise self._refused("a quote is not closed")
        value = found[1].replace(f"\\{quote}", quote)
        if quote == '"':
            value = self._expanded(_ESCAPE.sub(_unescaped, value))
        self._at = found.end()
        return value

    def _expanded(self, value: str) -> str:
        if value.count("$") * self._longest > 2 * MAX_CHARS:
            raise self._refused("the values are too long")
        return _REFERENCE.sub(self._referred, value)

    def _referred(self, found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        if found["bad"] is not None:
            raise self._refused("a $ that is neither $$ nor a simple reference")
        value = self._env.get(found["plain"] or found["braced"])
        there = bool(value) if found["colon"] else value is not None
        if found["how"] == "?" and not there:
            raise self._refused("a variable that must be there is missing")
        if found["how"] == "+" or (found["how"] == "-" and not there):
            return found["other"] if there == (found["how"] == "+") else ""
        return value or ""

    def _refused(self, why: str) -> DriverError:
        line = self._text.count("\n", 0, self._at) + 1
        return DriverError(f".env, line {line}: {why}", "bad_compose")


def _unescaped(found: re.Match[str]) -> str:
    escape = found[1]
    return chr(int(escape, 8)) if escape[0] == "0" else _ESCAPED.get(escape, escape)
