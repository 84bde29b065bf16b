"""Places in a container's log, and how reading goes on behind one: nothing lost, nothing twice.

The order of a log is the order in which Docker wrote it. Two outputs of one container may have
written with times a little out of order, so reading begins before the place and skips as far as
the line itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from provisioning.drivers.log_lines import Line

OVERLAP_NS: Final = 1_000_000_000
NEAR_LINES: Final = 5_000  # from the end of a log, where a place is looked for first
_CURSOR: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z(?:~(\d{1,9}))?", re.ASCII
)


class NoCursor(ValueError):
    """This is no place in a log."""


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A line: its time as Docker writes it, and how many of that time came before it."""

    at: str
    nth: int = 0

    def __str__(self) -> str:
        return f"{self.at}~{self.nth}" if self.nth else self.at

    @classmethod
    def of(cls, line: Line) -> Cursor:
        return cls(line.at, line.nth)

    @property
    def at_ns(self) -> int:
        return ns_of(self.at)


def parse_cursor(text: str) -> Cursor:
    """Raises NoCursor."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise NoCursor(text)
    cursor = Cursor(f"{found[1]}.{(found[2] or '').ljust(9, '0')}Z", int(found[3] or 0))
    ns_of(cursor.at)
    return cursor


def ns_of(at: str) -> int:
    """Nanoseconds of the epoch. Raises NoCursor for what is no time, as a host may say anything."""
    try:
        seconds = datetime.fromisoformat(at[:19]).replace(tzinfo=UTC).timestamp()
        return int(seconds) * 1_000_000_000 + int(at[20:29])
    except ValueError:
        raise NoCursor(at) from None


def stamp_of(moment: datetime) -> str:
    """As Docker writes it."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}000Z"


@dataclass(slots=True)
class Resuming:
    """Lets through what comes after ``cursor``, of a log read from `since_ns` on."""

    cursor: Cursor
    missed: bool = False  # the line is not there any more: some after it may be missing, too
    _done: bool = False
    _later: list[Line] = field(default_factory=list)

    @property
    def since_ns(self) -> int:
        return max(0, self.cursor.at_ns - OVERLAP_NS)

    @property
    def done(self) -> bool:
        return self._done

    def take(self, lines: Iterable[Line]) -> list[Line]:
        if self._done:
            return list(lines)
        found: list[Line] = []
        for line in lines:
            if self._done:
                found.append(line)
            elif line.at == self.cursor.at and line.nth == self.cursor.nth:
                self._done, self._later = True, []
            elif line.at > self.cursor.at:
                self._later.append(line)
                if _far(line.at, self.cursor.at):
                    found = self.give_up()
        return found

    def give_up(self) -> list[Line]:
        """The line does not come: all that is later than it."""
        if self._done:
            return []
        later, self._later = self._later, []
        self._done = self.missed = True
        return later


def _far(at: str, before: str) -> bool:
    try:
        return ns_of(at) - ns_of(before) > OVERLAP_NS
    except NoCursor:
        return True
