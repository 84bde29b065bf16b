"""The last lines of a log, as many as there is room for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from provisioning.drivers.log_lines import Line

LINE_BYTES: Final = 200  # what a line takes besides its text


def size_of(lines: Iterable[Line]) -> int:
    """In memory, about."""
    return sum([LINE_BYTES + len(line.text) for line in lines])


class LastLines:
    """Keeps ``max_lines`` and about ``max_bytes`` at most; of those ``read``, ``dropped`` did not
    fit."""

    def __init__(self, *, max_lines: int, max_bytes: int) -> None:
        self.dropped = 0
        self._lines: deque[Line] = deque()
        self._max_lines = max_lines
        self._max_bytes = max_bytes
        self._bytes = 0

    def add(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self._lines.append(line)
            self._bytes += LINE_BYTES + len(line.text)
            while len(self._lines) > self._max_lines or self._bytes > self._max_bytes:
                self._bytes -= LINE_BYTES + len(self._lines.popleft().text)
                self.dropped += 1

    @property
    def read(self) -> int:
        return len(self._lines) + self.dropped

    def lines(self) -> list[Line]:
        return list(self._lines)
