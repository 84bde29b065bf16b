"""Where on a NAS the backups of a site lie: ``{site}/*``, ``{host}/{site}/*.tar.gz``, ``{site}-*``.

All but the last part name folders; the last one names backups, files or folders alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DEFAULT: Final = "{site}/*"
WORDS: Final = ("site", "project", "tenant", "host", "domain")
MAX_LENGTH: Final = 200
MAX_STARS: Final = 4
MAX_NAME_BYTES: Final = 255  # what file systems take; who sends longer ones has no backup there
_PIECE: Final = re.compile(r"\{([a-z]+)\}|(\*)|([^{}*]+)")
_STAR: Final = None


class BadPattern(ValueError):
    """A pattern that could not be used, in a sentence."""


class NoPlace(ValueError):
    """The pattern has no place for this site, in a sentence."""


@dataclass(frozen=True, slots=True)
class Names:
    """What backups of a site are called: literal texts with anything in between."""

    texts: tuple[bytes, ...]

    @property
    def prefix(self) -> bytes:
        return self.texts[0]

    def fit(self, name: bytes) -> bool:
        """Like a shell's ``*``, in one pass: hostile names cost nothing more."""
        first, *middle, last = self.texts
        if len(name) < sum(map(len, self.texts)) or not name.startswith(first):
            return False
        at, end = len(first), len(name) - len(last)
        for text in middle:
            found = name.find(text, at, end)
            if found < 0:
                return False
            at = found + len(text)
        return name.endswith(last)


@dataclass(frozen=True, slots=True)
class Place:
    """The folder below the root as its parts, and the names in it."""

    folder: tuple[bytes, ...]
    names: Names


def check(pattern: str) -> str:
    """The pattern as it is kept; BadPattern."""
    text = pattern.strip().strip("/") or DEFAULT
    if len(text) > MAX_LENGTH or not text.isprintable():
        raise BadPattern(f"Give at most {MAX_LENGTH} printable characters.")
    *folders, last = text.split("/")
    if any(part in ("", ".", "..") for part in (*folders, last)):
        raise BadPattern("Each part between slashes must be a name.")
    pieces = [_pieces(part) for part in (*folders, last)]
    if any(_STAR in part for part in pieces[:-1]):
        raise BadPattern("Only the last part, the names of the backups, may hold a *.")
    if not 1 <= pieces[-1].count(_STAR) <= MAX_STARS:
        raise BadPattern(f"The last part names the backups: it needs one * (at most {MAX_STARS}).")
    words = {one[1] for part in pieces for one in part if isinstance(one, tuple)}
    if not words & {"site", "project", "domain"}:
        raise BadPattern("It must hold {site}, {project} or {domain}, or all sites had the same.")
    return text


def place(pattern: str, values: Mapping[str, str]) -> Place:
    """Where one site's backups lie; NoPlace when its names cannot be parts of a path."""
    *folders, last = pattern.split("/")
    parts = tuple(b"".join(_filled(part, values)) for part in folders)
    if any(part in (b"", b".", b"..") for part in parts):
        raise NoPlace("Its names make no folder’s name.")
    return Place(parts, Names(_split(_pieces(last), values)))


def _split(
    pieces: list[tuple[str, str] | str | None], values: Mapping[str, str]
) -> tuple[bytes, ...]:
    texts = [b""]
    for piece in pieces:
        if piece is _STAR:
            texts.append(b"")
        else:
            texts[-1] += _text(piece, values)
    return tuple(texts)


def _filled(part: str, values: Mapping[str, str]) -> list[bytes]:
    return [_text(piece, values) for piece in _pieces(part)]


def _text(piece: tuple[str, str] | str | None, values: Mapping[str, str]) -> bytes:
    """A site found on a host is called whatever its labels say: that must not lead elsewhere."""
    if not isinstance(piece, tuple):
        return (piece or "").encode()
    value = values.get(piece[1], "")
    if not value or "/" in value or "\0" in value:
        raise NoPlace(f"It has no {piece[1]} that can be part of a file’s name.")
    return value.encode("utf-8", "surrogateescape")


def _pieces(part: str) -> list[tuple[str, str] | str | None]:
    """A word as a pair, a star as None, all else as it is."""
    found: list[tuple[str, str] | str | None] = []
    at = 0
    for match in _PIECE.finditer(part):
        if match.start() != at:
            raise BadPattern("A { or } stands alone.")
        at = match.end()
        word, star, text = match.groups()
        if word and word not in WORDS:
            known = ", ".join(f"{{{one}}}" for one in WORDS)
            raise BadPattern(f"There is no {{{word}}}; there are {known}.")
        found.append(("word", word) if word else _STAR if star else text)
    if at != len(part):
        raise BadPattern("A { or } stands alone.")
    return found
