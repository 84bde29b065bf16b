"""Several logs as one, in the order of their times."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from monitoring.logs.followers import Got
from monitoring.logs.merging import Merge
from monitoring.logs.ring import PIECE_LINES, Piece, rows_of
from monitoring.logs.sources import Source
from provisioning.drivers.log_lines import Line
from provisioning.logs.reading import Asked
from siteflow.sessions import Rights
from siteflow.socket import FORBIDDEN
from siteflow.sockets.log_frames import MAX_CONTAINERS, keys
from siteflow.sockets.logs import LogSocket, sees, told_of
from sites.answers import NotFound, found
from sites.models import Container, Site

MAX_TAIL: Final = 1_000  # of each
HELD_LINES: Final = 20_000  # that wait for others
BEGIN_S: Final = 3.0  # so long the logs that were there first wait for slower ones


class MergedLogSocket(LogSocket):
    """`/ws/logs?containers=1,2` and `/ws/sites/{id}/logs`: what comes to a site is followed, too.

    Lines have two fields more: how serious they are, and the container.
    """

    def __init__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        super().__init__(scope, receive, send)
        self._merge = Merge()
        self._came, self._sent = asyncio.Event(), asyncio.Event()
        self._begins: set[int] = set()  # those whose first lines are not there yet
        self._site = self.route.get("site")
        self._watches = False

    def read_sources(self) -> list[Source]:
        rows = Container.objects.visible_to(self.rights.user).order_by("name", "pk")
        if self._site is not None:
            site = found(Site.objects.visible_to(self.rights.user), self._site)
            return [Source.of(row) for row in rows.filter(site=site)[:MAX_CONTAINERS]]
        wanted = keys(self.wanted.containers)
        several = [Source.of(row) for row in rows.filter(pk__in=wanted)]
        if len(several) != len(wanted):
            raise NotFound("container")
        return several

    def follow_all(self, sources: list[Source]) -> None:
        if self._site is not None and not self._watches:
            self._watches = True
            self.logs.places.watch_site(self._site)
        self._begins = {source.container for source in sources}
        self._merge = Merge()
        super().follow_all(sources)
        self.background(self._send_on, self._merge)

    def asked(self, container: int) -> Asked:
        asked = super().asked(container)
        return Asked(min(asked.tail, MAX_TAIL), asked.since, asked.until, asked.after)

    def ended(self) -> None:
        super().ended()
        if self._watches and self._site is not None:
            self.logs.places.unwatch_site(self._site)

    def rights_read(self, rights: Rights, *, changed: bool) -> None:
        for source in self.hidden(rights):
            self.leave(source.container)
            self._begun(source.container)
            self.background(self.say, {"type": "left", "container": source.container})
            if not self.sources:
                words = "These logs may no longer be seen."
                self.background(self.end, "forbidden", words, FORBIDDEN)
        if self._watches and self._site is not None:
            for source in self.logs.places.of_site(self._site):
                if source.container not in self.sources and sees(rights, source):
                    self._join(source)

    def _join(self, source: Source) -> None:
        if len(self.sources) < MAX_CONTAINERS:
            self.background(self.say, {"type": "joined", "container": told_of(source)})
            self.follow(source, self.asked(source.container))

    # -- what comes --------------------------------------------------------------------------

    async def deliver(self, source: Source, got: Got) -> None:
        if isinstance(got, dict):
            if got["type"] in ("live", "trouble", "gone"):
                self._begun(source.container)
            return await super().deliver(source, got)
        lines = self.choice.of(got.lines if isinstance(got, Piece) else got)
        self._merge.add(source.container, lines, now=self._now())
        self._came.set()
        while len(self._merge) > HELD_LINES and not self._begins:
            self._sent.clear()
            await self._sent.wait()

    def _begun(self, container: int) -> None:
        self._begins.discard(container)
        self._came.set()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _send_on(self, merge: Merge) -> None:
        until = self._now() + BEGIN_S
        while self._begins and self._now() < until:
            await self._wait(until - self._now())
        self._begins = set()
        while merge is self._merge:
            ready = merge.ready(now=self._now())
            for start in range(0, len(ready), PIECE_LINES):
                await self.send_text(self._text(ready[start : start + PIECE_LINES]))
            self._sent.set()
            await self._wait(merge.wait_s(now=self._now()))

    async def _wait(self, timeout_s: float | None) -> None:
        self._came.clear()
        try:
            async with asyncio.timeout(timeout_s):
                await self._came.wait()
        except TimeoutError:
            return

    def _text(self, ready: list[tuple[int, Line]]) -> str:
        levels = self.wanted.levels
        rows = [
            [*row, *([] if levels else [None]), container]
            for (container, _), row in zip(
                ready, rows_of([line for _, line in ready], levels=levels), strict=True
            )
        ]
        told = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
        return f'{{"type":"lines","lines":{told}}}'
