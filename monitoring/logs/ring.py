"""The recent lines of one followed log, in pieces that are encoded once for all who get them.

Belongs to one event loop: nothing here is called from another thread.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from provisioning.drivers.log_cursors import Cursor
from provisioning.drivers.log_lines import Line
from provisioning.logs.bounded import size_of
from provisioning.logs.choosing import Choice
from provisioning.logs.levels import level_of

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_PIECES: Final = 10_000
PIECE_LINES: Final = 400
PIECE_BYTES: Final = 64 * 1024
MAX_KINDS: Final = 16  # ways of looking at a piece that are kept encoded

News = dict[str, Any]


def rows_of(lines: list[Line], *, levels: bool = False) -> list[Any]:
    """Lines as they are sent: time, count, stream, text, and how serious they are."""
    if not levels:
        return list(lines)
    return [[*line, level_of(line.text) or None] for line in lines]


def text_of(container: int, lines: list[Line], *, levels: bool) -> str:
    """The message that brings lines."""
    rows = json.dumps(rows_of(lines, levels=levels), ensure_ascii=False, separators=(",", ":"))
    return f'{{"type":"lines","container":{container},"lines":{rows}}}'


class Piece:
    """Some lines in order, of which the first is the ``number``-th since following began.

    Or none, and in their place ``news``: what happened to the log there.
    """

    def __init__(
        self, index: int, number: int, lines: list[Line], *, news: News | None, offset: int
    ) -> None:
        self.index, self.number, self.lines, self.news = index, number, lines, news
        self.size = size_of(lines)
        self.offset = offset  # the sizes of all before it
        self._times: tuple[str, str] | None = None
        self._texts: dict[tuple[Choice, bool], tuple[str, int]] = {}

    def may_hold(self, at: str) -> bool:
        if self._times is None:
            times = [line.at for line in self.lines] or [""]
            self._times = min(times), max(times)
        return self._times[0] <= at <= self._times[1]

    def text(self, container: int, choice: Choice, *, levels: bool) -> tuple[str, int]:
        """The message for all who look at it in this way, and how many lines are in it."""
        kind = choice, levels
        found = self._texts.get(kind)
        if found is None:
            lines = self.lines if choice.takes_all else choice.of(self.lines)
            text = text_of(container, lines, levels=levels) if lines else ""
            found = text, len(lines)
            if len(self._texts) < MAX_KINDS:
                self._texts[kind] = found
        return found


class Ring:
    """Pieces by their index; when there is no room, the oldest go."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self.lines = 0  # so many there have ever been
        self.lost: Cursor | None = None  # the last line that has gone
        self._pieces: deque[Piece] = deque()
        self._next = 0
        self._bytes = self._bytes_ever = 0
        self.max_bytes = max_bytes

    @property
    def start(self) -> int:
        return self._pieces[0].index if self._pieces else self._next

    @property
    def end(self) -> int:
        return self._next

    @property
    def first_number(self) -> int:
        """Of the oldest line that is here."""
        return self._pieces[0].number if self._pieces else self.lines

    def piece(self, index: int) -> Piece:
        return self._pieces[index - self.start]

    def pieces(self) -> Iterator[Piece]:
        return iter(self._pieces)

    def all_lines(self) -> list[Line]:
        return [line for piece in self._pieces for line in piece.lines]

    def bytes_behind(self, index: int) -> int:
        """What comes from this piece on."""
        if index >= self._next:
            return 0
        return self._bytes_ever - self.piece(max(index, self.start)).offset

    def add(self, lines: list[Line]) -> None:
        for part in parts_of(lines):
            self._keep(part, None)
            self.lines += len(part)

    def tell(self, news: News) -> None:
        self._keep([], news)

    def _keep(self, lines: list[Line], news: News | None) -> None:
        piece = Piece(self._next, self.lines, lines, news=news, offset=self._bytes_ever)
        self._pieces.append(piece)
        self._next += 1
        self._bytes += piece.size
        self._bytes_ever += piece.size
        while len(self._pieces) > 1 and (
            self._bytes > self.max_bytes or len(self._pieces) > MAX_PIECES
        ):
            gone = self._pieces.popleft()
            self._bytes -= gone.size
            if gone.lines:
                self.lost = Cursor.of(gone.lines[-1])

    def after(self, cursor: Cursor) -> tuple[int, int] | None:
        """The piece with this line and how many of its lines are past with it; None: not here."""
        for piece in reversed(self._pieces):
            if not piece.may_hold(cursor.at):
                continue
            for offset, line in enumerate(piece.lines, start=1):
                if line.at == cursor.at and line.nth == cursor.nth:
                    return piece.index, offset
        return None


def parts_of(lines: list[Line]) -> Iterator[list[Line]]:
    """At most PIECE_LINES and about PIECE_BYTES each."""
    start = size = 0
    for number, line in enumerate(lines):
        size += len(line.text)
        if number + 1 - start >= PIECE_LINES or size >= PIECE_BYTES:
            yield lines[start : number + 1]
            start, size = number + 1, 0
    if start < len(lines):
        yield lines[start:]
