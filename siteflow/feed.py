"""The channel layer for one machine without Redis: groups that reach every process.

Members in the sender's own process get a message at once. For all others it is a row in the feed
(`feed_file.py`), and a bell (`bell.py`) tells the reader which every process has that joined a
group; a poll every second covers a lost ring. A process that only sends starts no reader.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
from asyncio import AbstractEventLoop
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from channels.layers import InMemoryChannelLayer

from siteflow.bell import Bell
from siteflow.feed_file import FeedFile
from siteflow.feed_reader import FeedReader

POLL_S: Final = 1.0
Message = dict[str, Any]


class FeedLayer(InMemoryChannelLayer):  # type: ignore[misc]
    """Groups over a SQLite file at ``path`` and a folder ``bus`` of sockets, both made as needed.

    Messages must be writable as JSON. Rows are kept ``keep_s`` seconds, at most ``keep_rows``.
    Nothing is dropped in silence: see ``on_gap``.
    """

    def __init__(
        self,
        *,
        path: Path | str,
        bus: Path | str,
        keep_s: float = 600,
        keep_rows: int = 20_000,
        capacity: int = 10_000,
        poll_s: float = POLL_S,
    ) -> None:
        super().__init__(capacity=capacity)
        self._new_file = partial(FeedFile, path, keep_s=keep_s, keep_rows=keep_rows)
        self._bell = Bell(bus)
        self._poll_s = poll_s
        self._begin()

    def _begin(self) -> None:
        self.channels: dict[str, asyncio.Queue[tuple[float, Message]]] = {}
        self.groups: dict[str, dict[str, float]] = {}
        self._pid = os.getpid()
        self._me = uuid4().hex
        self._file = self._new_file()
        self._homes: dict[str, AbstractEventLoop] = {}
        self._readers: dict[AbstractEventLoop, FeedReader] = {}
        self._gap_watchers: dict[object, tuple[AbstractEventLoop, Callable[[], None]]] = {}

    def _after_fork(self) -> None:
        """A child must not touch what it shares with its parent: sockets, epoll, SQLite."""
        if self._pid != os.getpid():
            self._begin()

    async def group_add(self, group: str, channel: str) -> None:
        """What is sent to the group from now on arrives at ``channel``, in this event loop."""
        self._after_fork()
        await super().group_add(group, channel)
        loop = asyncio.get_running_loop()
        self._homes[channel] = loop
        self._drop_dead_readers()
        if loop not in self._readers:
            self._readers[loop] = FeedReader(
                file=self._new_file(),
                bell=self._bell,
                sender=self._me,
                deliver=self._deliver_text,
                missed=self._missed,
                poll_s=self._poll_s,
            )

    async def group_discard(self, group: str, channel: str) -> None:
        await super().group_discard(group, channel)
        if not any(channel in members for members in self.groups.values()):
            self._homes.pop(channel, None)
        loop = asyncio.get_running_loop()
        if loop not in self._homes.values() and loop in self._readers:
            self._readers.pop(loop).close()

    async def group_send(self, group: str, message: Message) -> None:
        """Raises sqlite3.Error when the other processes cannot be told (disk full)."""
        self.require_valid_group_name(group)
        self._after_fork()
        self._deliver(group, message)
        self._file.append(sender=self._me, group=group, body=json.dumps(message))
        self._bell.ring(skip={reader.name for reader in list(self._readers.values())})

    def on_gap(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have ``callback`` run in this event loop whenever messages may have been missed.

        Returns what ends it.
        """
        key = object()
        self._gap_watchers[key] = (asyncio.get_running_loop(), callback)

        def end() -> None:
            self._gap_watchers.pop(key, None)

        return end

    async def flush(self) -> None:
        await super().flush()
        await self.close()

    async def close(self) -> None:
        """Stop this event loop's reader; the layer can be used again."""
        reader = self._readers.pop(asyncio.get_running_loop(), None)
        if reader:
            reader.close()
        self._file.close()

    def _deliver_text(self, group: str, body: str) -> None:
        if group in self.groups:
            self._deliver(group, json.loads(body))

    def _deliver(self, group: str, message: Message) -> None:
        for channel in list(self.groups.get(group, ())):
            home = self._homes.get(channel)
            if home is None or home.is_closed():
                self.groups[group].pop(channel, None)
            elif home is _running_loop():
                self._put(channel, message)
            else:
                home.call_soon_threadsafe(self._put, channel, message)

    def _put(self, channel: str, message: Message) -> None:
        queue = self.channels.get(channel)
        if queue is None:
            queue = self.channels[channel] = asyncio.Queue(maxsize=self.get_capacity(channel))
        if queue.full():
            while not queue.empty():
                queue.get_nowait()
            self._missed()
        queue.put_nowait((math.inf, dict(message)))

    def _missed(self) -> None:
        for loop, callback in list(self._gap_watchers.values()):
            if not loop.is_closed():
                loop.call_soon_threadsafe(callback)

    def _drop_dead_readers(self) -> None:
        for loop in [loop for loop in self._readers if loop.is_closed()]:
            self._readers.pop(loop).close()

    def _clean_expired(self) -> None:
        """Here nobody leaves a group by age: who reads slowly is told by ``on_gap`` instead."""


def _running_loop() -> AbstractEventLoop | None:
    return asyncio._get_running_loop()
