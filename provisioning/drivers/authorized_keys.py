"""The text of an ``authorized_keys`` file: a line added or taken out, every other byte kept.

The format is that of sshd(8), "AUTHORIZED_KEYS FILE FORMAT". Bytes, not text: comments may be in
any encoding.
"""

from __future__ import annotations

import re
from typing import Final

PATH: Final = ".ssh/authorized_keys"  # below the home of the user who logs in
MAX_BYTES: Final = 1_000_000
_TYPE = re.compile(rb"(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[A-Za-z0-9@.-]+")
_OPTIONS = re.compile(rb'(?:"(?:\\"|[^"])*"|[^ \t"])+')


def holds(data: bytes, public_line: str) -> bool:
    """Whether a line lets this very key in; its options and comment do not matter."""
    return any(_key(line) == _blob(public_line) for line in _lines(data))


def with_key(data: bytes, public_line: str, *, like: str = "") -> bytes:
    """The file with one more line at its end, unless the key is in it already.

    The new line takes over the options of the line that holds the key ``like``: who may come in
    from one address only must not come in from everywhere by a newer key.
    """
    if holds(data, public_line):
        return data
    options = next((_options(line) for line in _lines(data) if _key(line) == _blob(like)), b"")
    line = (options + b" " if options else b"") + public_line.encode()
    lines = _lines(data)
    ending = b"\r\n" if lines and lines[0].endswith(b"\r\n") else b"\n"
    # A file without an ending on its last line is left without one, so that it can be undone.
    return data + ending + line if data and not data.endswith(b"\n") else data + line + ending


def without_key(data: bytes, public_line: str) -> bytes:
    """The file without the lines of exactly this key."""
    lines = _lines(data)
    kept = [line for line in lines if _key(line) != _blob(public_line)]
    cut = len(kept) < len(lines) and kept and not data.endswith(b"\n")
    if cut and _key(lines[-1]) == _blob(public_line):
        kept[-1] = kept[-1].removesuffix(b"\n").removesuffix(b"\r")
    return b"".join(kept)


def _lines(data: bytes) -> list[bytes]:
    """With their endings; only a line feed ends a line here."""
    return re.findall(rb"[^\n]*\n|[^\n]+", data)


def _blob(public_line: str) -> list[bytes]:
    """Type and key, without the comment."""
    return public_line.encode().split()[:2]


def _key(line: bytes) -> list[bytes] | None:
    """Type and key of a line; None for comments, empty lines and what sshd would not understand."""
    words = line.strip()
    if options := _options(line):
        words = words[len(options) :].lstrip()
    found = words.split()[:2]
    return found if len(found) == 2 and _TYPE.fullmatch(found[0]) else None


def _options(line: bytes) -> bytes:
    """What stands before the type of the key; blanks inside quotes do not end it."""
    words = line.strip()
    if not words or words.startswith(b"#") or _TYPE.fullmatch(words.split()[0]):
        return b""
    found = _OPTIONS.match(words)
    return found.group() if found else b""
