"""The followed logs of one event loop: one reader for each container, whoever follows it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final
from weakref import WeakKeyDictionary

from monitoring.logs.followers import Follower
from monitoring.logs.places import Places
from monitoring.logs.shared import SharedLog
from monitoring.logs.sources import Source
from provisioning.drivers.errors import DriverError
from provisioning.drivers.log_cursors import Resuming
from provisioning.logs.reading import Asked, Part, read_part

MAX_LOGS: Final = 200  # followed by one process; each is a thread and a stream of its host
MAX_PARTS: Final = 4  # read at once for those who want more than is in memory
LINGER_S: Final = 10.0  # so long a log is read on after the last has left: most come back
RECENT_S: Final = 900.0
# Runs blocking work beside the loop; the web process has its own way.
Beside = Callable[..., Awaitable[Part]]


class Logs:
    """Use ``logs_of_this_loop()``."""

    def __init__(self) -> None:
        self.places = Places()
        self._shared: dict[int, SharedLog] = {}
        self._parts = asyncio.Semaphore(MAX_PARTS)

    def follow(self, source: Source, asked: Asked, beside: Beside) -> Follower:
        """Raises DriverError ``busy`` when too many logs are followed already."""
        shared = self._shared.get(source.container)
        if shared is None or not shared.reads:
            if len(self._shared) >= MAX_LOGS:
                raise DriverError(f"{MAX_LOGS} logs are followed already", "busy")
            shared = self._shared[source.container] = SharedLog(
                source.docker,
                source.docker_id,
                source.container,
                since_ns=_recent(asked),
            )

        async def read(part: Asked) -> Part:
            async with self._parts:
                return await beside(lambda: read_part(source.docker(), source.docker_id, part))

        return Follower(shared, asked, read)

    def leave(self, follower: Follower) -> None:
        follower.leave()
        loop = asyncio.get_running_loop()
        loop.call_later(LINGER_S, self._close_if_unused, follower.shared)

    def _close_if_unused(self, shared: SharedLog) -> None:
        if shared.followers:
            return
        if self._shared.get(shared.container) is shared:
            del self._shared[shared.container]
        shared.close()

    def close(self) -> None:
        """All of them, now."""
        for shared in self._shared.values():
            shared.close()
        self._shared.clear()

    def __len__(self) -> int:
        return len(self._shared)


def _recent(asked: Asked) -> int | None:
    """From when on to read for who comes back a moment after a cut: others will as well."""
    if asked.after is None:
        return None
    since_ns = Resuming(asked.after).since_ns
    return since_ns if time.time() - since_ns / 1e9 < RECENT_S else None


_logs: WeakKeyDictionary[asyncio.AbstractEventLoop, Logs] = WeakKeyDictionary()


def logs_of_this_loop() -> Logs:
    return _logs.setdefault(asyncio.get_running_loop(), Logs())
