"""One place in a followed log: where it begins, what comes next, and what was missed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from monitoring.logs.ring import Piece
from monitoring.logs.shared import SharedLog
from provisioning.drivers.log_cursors import Cursor, Resuming, stamp_of
from provisioning.drivers.log_lines import Line
from provisioning.logs.reading import MAX_LINES, Asked, Part

PAGE_LINES: Final = 5_000
GIVE_UP_S: Final = 1.0

# A piece is for many, lines are for this follower alone, and the rest is what happened.
Got = Piece | list[Line] | dict[str, Any]
Read = Callable[[Asked], Awaitable[Part]]


class Follower:
    """``next`` is called by one task; ``read`` reads a part of the log that is not in memory."""

    def __init__(self, shared: SharedLog, asked: Asked, read: Read) -> None:
        self.shared, self.index = shared, shared.ring.end
        self.last: Cursor | None = asked.after  # what it got last
        self._asked, self._read = asked, read
        self._placed = False
        self._seeking: Cursor | None = None
        self._told: dict[str, Any] | None = None
        self._number = 0  # of the line that comes next
        self._resuming: Resuming | None = None
        self._woken = asyncio.Event()
        self._pages: list[Got] = []
        shared.followers.add(self)

    def wake(self) -> None:
        self._woken.set()

    def leave(self) -> None:
        self.shared.followers.discard(self)

    async def next(self) -> list[Got]:
        """What is there by now; waits until there is something."""
        while True:
            self._woken.clear()
            if got := await self._got():
                self.shared.taken()
                return got
            await self._wait()

    async def _wait(self) -> None:
        if self._resuming is None:
            await self._woken.wait()
            return
        try:
            async with asyncio.timeout(GIVE_UP_S):
                await self._woken.wait()
        except TimeoutError:  # the line behind which it begins is not in the log any more
            later, self._resuming = self._resuming.give_up(), None
            self._pages += [{"type": "gap"}, later] if later else []

    async def _got(self) -> list[Got]:
        if self._pages:
            pages, self._pages = self._pages, []
            return pages
        if self._placed:
            return self._from_ring()
        if self._seeking is not None:
            return await self._seek(self._seeking)
        if self.shared.begun:
            return await self._place()
        told, self._told = self._told, self.shared.trouble
        return [] if self._told is None or self._told is told else [self._told]

    # -- from the ring -----------------------------------------------------------------------

    def _from_ring(self) -> list[Got]:
        ring = self.shared.ring
        found: list[Got] = []
        if self.index < ring.start:
            found += self._skipped(ring.first_number - self._number)
            self.index = ring.start
        while self.index < ring.end:
            piece = ring.piece(self.index)
            self.index += 1
            self._number = piece.number + len(piece.lines)
            found += self._of(piece)
        return found

    def _of(self, piece: Piece) -> list[Got]:
        if piece.news is not None:
            return [piece.news]
        if self._resuming is None:
            self.last = Cursor.of(piece.lines[-1])
            return [piece]
        lines = self._resuming.take(piece.lines)
        gap: list[Got] = [{"type": "gap"}] if self._resuming.missed else []
        if self._resuming.done:
            self._resuming = None
        if lines:
            self.last = Cursor.of(lines[-1])
        return [*gap, lines] if lines else []

    def _skipped(self, count: int) -> list[Got]:
        before, self.last = self.last, self.shared.ring.lost
        if count <= 0:
            return []
        return [
            {
                "type": "skipped",
                "lines": count,
                "from": str(before) if before else None,
                "to": str(self.last),
            }
        ]

    # -- where it begins ---------------------------------------------------------------------

    async def _place(self) -> list[Got]:
        """The lines it begins with, and where it goes on in the ring."""
        if self.shared.gone:
            return self._go_on(self.shared.ring.start)
        if self._asked.after is not None:
            return await self._seek(self._asked.after)
        ring = self.shared.ring
        if (lines := self._in_memory()) is not None:
            self.last = Cursor.of(lines[-1]) if lines else None
            return [lines, *self._go_on(ring.end)] if lines else self._go_on(ring.end)
        part = await self._read(replace(self._asked, after=None, until=None))
        if part.last is None:
            return self._go_on(ring.start)
        self._seeking = part.last
        return [part.lines] if part.lines else await self._seek(part.last)

    def _in_memory(self) -> list[Line] | None:
        """What it is to begin with, if the ring reaches back so far."""
        ring, asked = self.shared.ring, self._asked
        lines = ring.all_lines()
        whole = self.shared.whole and ring.lost is None
        if asked.since is not None:
            since = stamp_of(asked.since)
            if not whole and not (lines and lines[0].at < since):
                return None
            lines = [line for line in lines if line.at >= since]
        elif not whole and len(lines) < asked.tail:
            return None
        return lines[len(lines) - min(asked.tail, len(lines)) :]

    async def _seek(self, cursor: Cursor) -> list[Got]:
        """Reads on behind it, a page each time, until the ring has what comes next."""
        ring = self.shared.ring
        while True:
            self.last = self._seeking = cursor
            if (place := ring.after(cursor)) is not None:
                index, offset = place
                rest = ring.piece(index).lines[offset:]
                return [*([rest] if rest else []), *self._go_on(index + 1)]
            part = await self._read(Asked(after=cursor, tail=PAGE_LINES))
            if not part.more and part.last == cursor:
                # It is the end of the log, and the ring will have it in a moment.
                self._resuming = Resuming(cursor)
                return self._go_on(ring.start)
            cursor = self._seeking = part.last or cursor
            if part.lines:
                return [*([{"type": "gap"}] if part.missed else []), part.lines]

    def _go_on(self, index: int) -> list[Got]:
        ring = self.shared.ring
        self._placed, self._seeking, self.index = True, None, index
        self._number = ring.piece(index).number if index < ring.end else ring.lines
        return [*self._from_ring(), {"type": "live"}]


def most(tail: int) -> int:
    return max(0, min(tail, MAX_LINES))
