"""The supervisor's own output: every line says which process it comes from."""

from __future__ import annotations

import os
import select
from contextlib import suppress
from typing import Final

CHUNK: Final = 4096  # bytes; a pipe that is ready takes this many without blocking (pipe(7))
LINE_LIMIT: Final = 16_384  # bytes; a longer line is broken


class Console:
    """Writes to a file descriptor; a reader that stands still or is gone never stops us."""

    def __init__(self, fd: int, *, width: int) -> None:
        self._fd, self._width = fd, width
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)
        self._dropped = 0

    def say(self, text: str, *, source: str = "siteflow") -> None:
        if self._dropped:
            text, self._dropped = f"({self._dropped} lines before this not shown) {text}", 0
        self._write(f"{source:<{self._width}} | {text}\n".encode(errors="replace"))

    def _write(self, data: bytes) -> None:
        with suppress(OSError):  # the terminal or the pipe's reader is gone
            while data:
                if not self._poll.poll(0):
                    self._dropped += 1
                    return
                data = data[os.write(self._fd, data[:CHUNK]) :]


class Lines:
    """Cuts a stream of bytes into lines of text."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LINE_LIMIT:
            whole.append(self._rest)
            self._rest = b""
        return [line.decode(errors="replace").rstrip("\r") for line in whole]

    def end(self) -> list[str]:
        """What came without an end of line."""
        return self.feed(b"\n") if self._rest else []
