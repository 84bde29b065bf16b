"""Lines of a container's log as they come, each with its place: Docker's time and a count.

Asked to, Docker writes the time of each entry in front of it, to the nanosecond and always 30
characters long (``jsonmessage.RFC3339NanoFixed``). It cuts lines over 16 KB into several entries.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, Protocol

from provisioning.drivers.errors import DriverError

STAMP: Final = 30  # "2026-11-29T02:15:30.123456789Z"
MAX_LINE_BYTES: Final = 64 * 1024
MAX_FRAME_BYTES: Final = 512 * 1024  # Docker's own are 16 KB
PART_BYTES: Final = 16 * 1024
NO_TIME: Final = "0001-01-01T00:00:00.000000000Z"
STREAMS: Final = {0: "stdout", 1: "stdout", 2: "stderr", 3: "stderr"}

_HEADER: Final = struct.Struct(">BxxxL")
_STAMP: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")
_CUT: Final = b" ... (the rest of this line was left out)"


class Line(NamedTuple):
    """``nth`` tells lines of one time apart: so many came before it. In JSON it is a list."""

    at: str
    nth: int
    stream: str
    text: str

    @property
    def cursor(self) -> str:
        return f"{self.at}~{self.nth}" if self.nth else self.at


class LogStream(Protocol):
    """Lines as they come. ``read`` in one thread; ``close`` may be called from any other."""

    @property
    def ended(self) -> bool: ...
    def read(self, *, timeout_s: float) -> list[Line]: ...
    def answers(self) -> bool: ...
    def close(self) -> None: ...


class Frames:
    """Takes a log's bytes, gives its entries: the stream's number and the time with the text."""

    def __init__(self, *, who: str) -> None:
        self._who = who
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Raises DriverError ``garbage`` where no frames are."""
        data = self._rest + data if self._rest else data
        at, end = 0, len(data)
        found: list[tuple[int, bytes]] = []
        unpack, keep = _HEADER.unpack_from, found.append
        while end - at >= 8:
            number, size = unpack(data, at)
            if number > 3 or size > MAX_FRAME_BYTES:
                raise DriverError(f"{self._who}: the log cannot be read", "garbage")
            stop = at + 8 + size
            if stop > end:
                break
            keep((number, data[at + 8 : stop]))
            at = stop
        self._rest = data[at:]
        return found


class PlainText:
    """As `Frames`, of a container with a terminal: text without frames, each line with its time."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_FRAME_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        return [(1, _joined(line.removesuffix(b"\r")) + b"\n") for line in lines]


def _joined(line: bytes) -> bytes:
    """Without the times that stand where Docker cut a line in parts."""
    at = STAMP + 1 + PART_BYTES
    while len(line) > at + STAMP and _STAMP.match(line, at):
        line = line[:at] + line[at + STAMP + 1 :]
        at += PART_BYTES
    return line


class Assembler:
    """Makes lines of entries: joins their parts, and counts those of the same time."""

    def __init__(self, *, who: str) -> None:
        self._who = who
        self._parts: dict[int, tuple[str, bytearray]] = {}
        self._at = ""
        self._count = 0

    def lines(self, entries: Iterable[tuple[int, bytes]]) -> list[Line]:
        """Raises DriverError ``garbage`` for an entry without its time."""
        return list(self._lines(entries))

    def _lines(self, entries: Iterable[tuple[int, bytes]]) -> Iterator[Line]:
        parts = self._parts
        for number, entry in entries:
            if entry[29:31] != b"Z ":
                raise DriverError(f"{self._who}: the log cannot be read", "garbage")
            at = entry[:STAMP].decode("ascii", "replace")
            if entry[-1:] != b"\n":
                self._keep(number, at, entry[STAMP + 1 :])
                continue
            text = entry[STAMP + 1 : -1]
            if parts and number in parts:
                at, before = parts.pop(number)
                text = bytes(before) + text
            if at == self._at:
                self._count += 1
            else:
                self._at, self._count = at, 0
            yield Line(at, self._count, STREAMS[number], _text(text))

    def _keep(self, number: int, at: str, part: bytes) -> None:
        _, before = self._parts.setdefault(number, (at, bytearray()))
        if len(before) <= MAX_LINE_BYTES:  # what is over shows that there was more
            before += part

    def rest(self) -> list[Line]:
        """At the end of a log: what had no end of its own."""
        kept, self._parts = self._parts, {}
        return self.lines(
            (number, at.encode() + b" " + part + b"\n") for number, (at, part) in kept.items()
        )


def _text(text: bytes) -> str:
    if len(text) > MAX_LINE_BYTES:
        text = text[:MAX_LINE_BYTES] + _CUT
    return text.decode("utf-8", "replace").removesuffix("\r")
