"""Tells the monitors what the sockets of this event loop look at, so that it is read each second.

The hub knows who listens to what; this renews the looks (`monitoring/usage/looks.py`) of all of
them together, every two seconds, for as long as anybody listens. Nothing is written when the last
one leaves: a look that is not renewed ends by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Final
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.utils import timezone

from monitoring.usage.looks import RENEW_S, Thing, renew
from siteflow.hub import hub_of_this_loop

logger = logging.getLogger(__name__)

KINDS: Final = {"metrics": "container", "metrics.site": "site", "metrics.host": "host"}


def thing_of(topic: str) -> Thing | None:
    """What a topic shows the use of; None for topics about something else."""
    name, _, key = topic.rpartition(".")
    return Thing(KINDS[name], int(key)) if name in KINDS else None


class Looking:
    """``soon`` after each subscription. ``topics`` are those that somebody listens to now."""

    def __init__(
        self,
        *,
        topics: Callable[[], Iterable[str]],
        renew: Callable[[Collection[Thing]], Awaitable[None]],
        every_s: float = RENEW_S,
    ) -> None:
        self._topics = topics
        self._renew = renew
        self._every_s = every_s
        self._renewed_at: dict[Thing, float] = {}
        self._new = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def soon(self, topic: str) -> None:
        """Somebody new listens, who is not to wait."""
        if thing_of(topic) is None:
            return
        self._new.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while things := {thing for topic in self._topics() if (thing := thing_of(topic))}:
            self._new.clear()
            await self._renew_due(things)
            try:
                async with asyncio.timeout(self._every_s):
                    await self._new.wait()
            except TimeoutError:
                continue
        self._renewed_at = {}

    async def _renew_due(self, things: Collection[Thing]) -> None:
        """All whose time has come, and those within a blink of it, to be done at once."""
        now_s = asyncio.get_running_loop().time()
        due_s = now_s - 0.5 * self._every_s
        due = [thing for thing in things if self._renewed_at.get(thing, -1.0) <= due_s]
        if not due:
            return
        try:
            await self._renew(due)
        except Exception:  # the database is away: this is tried again, and sockets live on
            logger.warning("What is looked at cannot be told to the monitors", exc_info=True)
            return
        self._renewed_at = {thing: self._renewed_at.get(thing, now_s) for thing in things}
        self._renewed_at |= dict.fromkeys(due, now_s)


async def _write(things: Collection[Thing]) -> None:
    in_thread = database_sync_to_async(renew, thread_sensitive=False)
    await in_thread(things, now=timezone.now())


_all: WeakKeyDictionary[asyncio.AbstractEventLoop, Looking] = WeakKeyDictionary()


def looking_of_this_loop() -> Looking:
    loop = asyncio.get_running_loop()
    if loop not in _all:
        _all[loop] = Looking(topics=hub_of_this_loop().topics, renew=_write)
    return _all[loop]
