"""Lines of a command's output as they come, from both of its outputs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

OnLine = Callable[[str], None]

MAX_LINE_BYTES: Final = 4000
_END: Final = re.compile(rb"[\r\n]+")


class Lines:
    """Cuts bytes into lines, each at most 4,000 bytes of text; empty ones are left out.

    A carriage return ends a line, too: programs paint progress with it.
    """

    def __init__(self, on_line: OnLine) -> None:
        self._on_line = on_line
        self._begun: dict[int, bytes] = {}

    def feed(self, output: int, data: bytes) -> None:
        """``output`` is 1 or 2; what is begun on one is not ended by the other."""
        *whole, begun = _END.split(self._begun.get(output, b"") + data)
        # What is too long already is cut now, so that an endless line fills no memory.
        self._begun[output] = begun[: MAX_LINE_BYTES + 1]
        for line in whole:
            self._say(line)

    def end(self) -> None:
        for line in self._begun.values():
            self._say(line)
        self._begun.clear()

    def _say(self, line: bytes) -> None:
        if line:
            self._on_line(line[:MAX_LINE_BYTES].decode("utf-8", "replace"))
