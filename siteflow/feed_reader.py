"""One event loop's reader of the feed: woken by the bell, looking by itself once per poll."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from typing import Final

from siteflow.bell import Bell, Listener
from siteflow.feed_file import FeedFile, Row

logger = logging.getLogger(__name__)

ROWS_AT_ONCE: Final = 500  # then the loop's other work has its turn


class FeedReader:
    """Hands every row that ``sender`` did not write to ``deliver``, from now on, in order.

    ``missed`` is called when rows may have been lost: the file was replaced, or pruned faster
    than it was read. Starts in the running event loop; raises sqlite3.Error or OSError when the
    file cannot be opened.
    """

    def __init__(
        self,
        *,
        file: FeedFile,
        bell: Bell,
        sender: str,
        deliver: Callable[[str, str], None],
        missed: Callable[[], None],
        poll_s: float,
    ) -> None:
        self._file, self._bell, self._sender = file, bell, sender
        self._deliver, self._missed = deliver, missed
        self._poll_s = poll_s
        self._loop = asyncio.get_running_loop()
        self._listener: Listener | None = None
        self._failing = False
        self._closed = False
        self._last = file.last_id()
        self._generation = file.generation
        self._listen()
        self._loop.call_soon(self._look)  # for what came before the bell could be heard
        self._timer = self._loop.call_later(poll_s, self._poll)

    @property
    def name(self) -> str:
        """The listener's file name, for those who ring all others."""
        return self._listener.name if self._listener else ""

    def close(self) -> None:
        """In the reader's own event loop, or when that is closed."""
        self._closed = True
        self._timer.cancel()
        self._stop_listening()
        self._file.close()

    def _listen(self) -> None:
        try:
            self._listener = self._bell.listen()
        except OSError as error:
            self._failed("Live messages come late, by polling only: %s", error)
        else:
            self._loop.add_reader(self._listener.fileno(), self._rang)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None

    def _rang(self) -> None:
        if self._listener is not None:
            self._listener.drain()
        self._look()

    def _poll(self) -> None:
        self._timer = self._loop.call_later(self._poll_s, self._poll)
        if self._listener is None or not self._listener.is_reachable():
            self._stop_listening()
            self._listen()
        self._look()

    def _look(self) -> None:
        if self._closed:
            return
        try:
            rows = self._rows()
        except (sqlite3.Error, OSError) as error:
            self._failed("Live messages cannot be read, trying again every poll: %s", error)
            return
        self._failing = self._listener is None
        for row in rows:
            self._last = row.id
            if row.sender != self._sender:
                self._deliver(row.group, row.body)
        if len(rows) == ROWS_AT_ONCE:
            self._loop.call_soon(self._look)

    def _rows(self) -> list[Row]:
        rows = self._file.after(self._last, limit=ROWS_AT_ONCE)
        if self._file.generation != self._generation:
            self._generation, self._last = self._file.generation, 0
            rows = self._file.after(0, limit=ROWS_AT_ONCE)
            self._missed()
        elif rows and rows[0].id > self._last + 1:
            self._missed()
        return rows

    def _failed(self, text: str, error: Exception) -> None:
        if not self._failing:
            logger.warning(text, error)
        self._failing = True
