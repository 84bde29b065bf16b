"""Where the followed containers belong now, and which a followed site has: who may see them
hangs on it. Read for all sockets of a process at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Final

from channels.db import database_sync_to_async
from django.db.models import Q

from monitoring.logs.sources import Source
from sites.models import Container

logger = logging.getLogger(__name__)

EVERY_S: Final = 3.0


def _read(containers: list[int], sites: list[int]) -> list[Source]:
    rows = Container.objects.filter(Q(pk__in=containers) | Q(site__in=sites)).order_by("pk")
    return [Source.of(row) for row in rows.only(*Source.COLUMNS)]


class Places:
    """``now`` is what was read last, by container."""

    def __init__(self) -> None:
        self.now: dict[int, Source] = {}
        self._containers: Counter[int] = Counter()
        self._sites: Counter[int] = Counter()
        self._task: asyncio.Task[None] | None = None

    def watch(self, source: Source) -> None:
        self.now.setdefault(source.container, source)
        self._containers[source.container] += 1
        self._run()

    def unwatch(self, source: Source) -> None:
        _less(self._containers, source.container)

    def watch_site(self, site: int) -> None:
        self._sites[site] += 1
        self._run()

    def unwatch_site(self, site: int) -> None:
        _less(self._sites, site)

    def of_site(self, site: int) -> list[Source]:
        return [source for source in self.now.values() if source.site == site]

    def _run(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._read_on())

    async def _read_on(self) -> None:
        read = database_sync_to_async(_read, thread_sensitive=False)
        while self._containers or self._sites:
            await asyncio.sleep(EVERY_S)
            try:
                found = await read(list(self._containers), list(self._sites))
            except Exception:  # the database is away: what was known counts until it is back
                logger.warning("Where followed containers belong cannot be read", exc_info=True)
                continue
            self.now = {source.container: source for source in found}


def _less(counted: Counter[int], key: int) -> None:
    counted[key] -= 1
    if counted[key] <= 0:
        del counted[key]
