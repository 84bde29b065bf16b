"""Which lines of a log somebody wants to see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provisioning.drivers.log_lines import Line
from provisioning.logs.levels import at_least, level_of, plain


@dataclass(frozen=True, slots=True)
class Choice:
    """Lines with ``search`` in any case, at least as serious as ``level``, of ``stream``.

    What is empty does not matter.
    """

    search: str = ""
    level: str = ""
    stream: str = ""

    @property
    def takes_all(self) -> bool:
        return not (self.search or self.level or self.stream)

    def of(self, lines: Iterable[Line]) -> list[Line]:
        found = list(lines)
        if self.stream:
            found = [line for line in found if line.stream == self.stream]
        if self.search:
            wanted = self.search.casefold()
            found = [line for line in found if wanted in plain(line.text).casefold()]
        if self.level:
            found = [line for line in found if at_least(level_of(line.text), self.level)]
        return found
