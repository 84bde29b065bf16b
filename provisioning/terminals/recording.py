"""What is seen in a terminal, as asciicast v2, in pieces as it goes.

https://docs.asciinema.org/manual/asciicast/v2/: a header, then a line for each event. What is
typed is no event: a password that is not shown on the screen is not in here.
"""

from __future__ import annotations

import codecs
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from provisioning.terminals.models import RecordingPiece, TerminalSession

PIECE_BYTES: Final = 64 * 1024
MAX_WAITING_BYTES: Final = 512 * 1024  # not written yet; then who reads waits


class Recorder:
    """``output`` and ``resized`` are for the thread that reads, ``take`` for the one that writes.

    ``cut`` is the reason once nothing more is taken, ``is_full`` whether that is its size.
    """

    def __init__(self, *, limit_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.cut = ""
        self.is_full = False
        self.taken_bytes = 0
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._begun = clock()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._waiting: list[str] = []
        self._waiting_bytes = 0
        self._room = threading.Condition()
        self._over = False

    def output(self, data: bytes) -> None:
        """Waits while too much of it is not written yet."""
        with self._room:
            self._room.wait_for(lambda: self._waiting_bytes < MAX_WAITING_BYTES or self._over)
            if self.cut:
                return
            if text := self._decode(data):
                self._add("o", text)
            if self.taken_bytes >= self._limit_bytes:
                self.is_full = True
                self._cut(f"the recording ends here: it has reached {self._limit_bytes >> 20} MB")

    def resized(self, *, cols: int, rows: int) -> None:
        with self._room:
            if not self.cut:
                self._add("r", f"{cols}x{rows}")

    def take(self) -> str:
        """All lines that are not written yet; "" for none."""
        with self._room:
            lines, self._waiting, self._waiting_bytes = self._waiting, [], 0
            self._room.notify_all()
        return "".join(lines)

    def give_up(self, why: str) -> None:
        """Nothing more is taken, and nobody waits any longer."""
        with self._room:
            if not self.cut:
                self._cut(why)
            self._over = True
            self._room.notify_all()

    def has_piece(self) -> bool:
        """Whether there is a whole piece to write."""
        return self._waiting_bytes >= PIECE_BYTES

    def _cut(self, why: str) -> None:
        self._add("m", why)
        self.cut = why

    def _add(self, kind: str, text: str) -> None:
        line = json.dumps([round(self._clock() - self._begun, 3), kind, text]) + "\n"
        self._waiting.append(line)
        self._waiting_bytes += len(line)
        self.taken_bytes += len(line)


def header(row: TerminalSession) -> str:
    told = {
        "version": 2,
        "width": row.cols,
        "height": row.rows,
        "timestamp": int(row.started_at.timestamp()),
        "title": f"{row}, {row.user_name}",
        "env": {"TERM": "xterm-256color"},
    }
    return json.dumps(told) + "\n"


def keep(session: int, number: int, text: str) -> None:
    """Writes one piece."""
    piece = RecordingPiece(session_id=session, number=number)
    piece.seal(text)
    piece.save(force_insert=True)


def pieces(row: TerminalSession, *, after: int = -1) -> Iterator[tuple[int, str]]:
    """The pieces behind a number, in order, read one after the other."""
    for piece in row.pieces.filter(number__gt=after).order_by("number").iterator(chunk_size=20):
        yield piece.number, piece.reveal()


def events(text: str) -> list[list[Any]]:
    """Of a piece: seconds, kind (o, r or m) and what was there."""
    return [json.loads(line) for line in text.splitlines()]


def cast(row: TerminalSession) -> Iterator[str]:
    """The whole file, as far as it is kept."""
    yield header(row)
    for _, text in pieces(row):
        yield text
