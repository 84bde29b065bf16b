"""The log of a container as it comes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from channels.db import database_sync_to_async

from monitoring.logs.followers import Follower, Got
from monitoring.logs.registry import Logs, logs_of_this_loop
from monitoring.logs.ring import Piece, parts_of, text_of
from monitoring.logs.shared import trouble
from monitoring.logs.sources import Source
from provisioning.drivers.errors import DriverError
from provisioning.logs.asking import Refine
from provisioning.logs.choosing import Choice
from provisioning.logs.following import RETRY_S
from provisioning.logs.reading import Asked, read_part
from siteflow.frames import BadFrame, Ping
from siteflow.own_thread import in_own_thread
from siteflow.sessions import Rights
from siteflow.socket import FORBIDDEN, Socket
from siteflow.sockets.log_frames import Wanted, parse, wanted
from sites.answers import found
from sites.models import Container

END: Final = 1000
PERMISSION: Final = "sites.view_container"
NOTED_S: Final = 2.0  # between two words on how far it was read while nothing matches


class LogSocket(Socket):
    """`/ws/containers/{id}/logs`. See docs/logs.md for its messages."""

    def __init__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        super().__init__(scope, receive, send)
        self.route: dict[str, int] = scope["url_route"]["kwargs"]
        self.wanted = Wanted.model_validate({})
        self.choice = Choice()
        self.logs: Logs = logs_of_this_loop()
        self.sources: dict[int, Source] = {}
        self._followers: dict[int, Follower] = {}
        self._pumps: dict[int, asyncio.Task[None]] = {}
        self._noted_at = 0.0

    # -- coming and going --------------------------------------------------------------------

    async def begin(self) -> None:
        self.wanted = wanted(self.scope.get("query_string", b""), self.route.get("container"))
        self.choice = self.wanted.choice
        sources = await database_sync_to_async(self.read_sources, thread_sensitive=False)()
        await self.say({"type": "begin", "containers": [told_of(source) for source in sources]})
        if self.wanted.follow and self.wanted.until is None:
            self.follow_all(sources)
        else:
            self.background(self._show, sources)

    def read_sources(self) -> list[Source]:
        """Those that are wanted and that this account may see. Raises NotFound and BadFrame."""
        rows = Container.objects.visible_to(self.rights.user)
        return [Source.of(found(rows, self.route["container"]))]

    def follow_all(self, sources: list[Source]) -> None:
        for source in sources:
            self.follow(source, self.asked(source.container))

    def asked(self, container: int) -> Asked:
        """Filters are for what is sent; all that is read passes by them."""
        after = self.wanted.behind.get(container)
        return replace(self.wanted.asked, after=after, choice=Choice())

    def follow(self, source: Source, asked: Asked) -> None:
        follower = self.logs.follow(source, asked, in_own_thread)
        self.logs.places.watch(source)
        self.sources[source.container] = source
        self._followers[source.container] = follower
        self._pumps[source.container] = self.background(self._pump, source, follower)

    def leave(self, container: int) -> None:
        self.logs.places.unwatch(self.sources.pop(container))
        self.logs.leave(self._followers.pop(container))
        self._pumps.pop(container).cancel()

    def ended(self) -> None:
        for container in list(self.sources):
            self.leave(container)

    def rights_read(self, rights: Rights, *, changed: bool) -> None:
        for source in self.hidden(rights):
            self.leave(source.container)
            words = "This log may no longer be seen."
            self.background(self.end, "forbidden", words, FORBIDDEN)

    def hidden(self, rights: Rights) -> list[Source]:
        """What is followed and may no longer be seen, wherever it belongs by now."""
        now = self.logs.places.now
        return [one for key, one in self.sources.items() if not sees(rights, now.get(key, one))]

    # -- what comes --------------------------------------------------------------------------

    async def _pump(self, source: Source, follower: Follower) -> None:
        failures = 0
        while True:
            try:
                got = await follower.next()
                failures = 0
            except DriverError as error:  # of a part that is not in memory; it is tried again
                if error.code == "not_found":
                    return await self.deliver(source, {"type": "gone"})
                await self.deliver(source, {"type": "trouble", **trouble(error)})
                await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1
                continue
            for each in got:
                await self.deliver(source, each)

    async def deliver(self, source: Source, got: Got) -> None:
        container, levels = source.container, self.wanted.levels
        if isinstance(got, dict):
            await self.say({**got, "container": container})
        elif isinstance(got, Piece):
            text, count = got.text(container, self.choice, levels=levels)
            await (self.send_text(text) if count else self._note(container, got.lines[-1].cursor))
        elif got:
            for lines in parts_of(self.choice.of(got)):
                await self.send_text(text_of(container, lines, levels=levels))

    async def _note(self, container: int, cursor: str) -> None:
        """Who filters can come back behind what was looked at, not only behind what it got."""
        now = asyncio.get_running_loop().time()
        if now - self._noted_at > NOTED_S:
            self._noted_at = now
            await self.say({"type": "at", "container": container, "cursor": cursor})

    async def _show(self, sources: list[Source]) -> None:
        """What is there now, and no more."""
        try:
            for source in sources:
                asked = self.asked(source.container)
                part = await in_own_thread(
                    lambda one, asked: read_part(one.docker(), one.docker_id, asked), source, asked
                )
                await self.deliver(source, part.lines)
                await self.say(
                    {"type": "end", "container": source.container, "more": part.more,
                     "cursor": None if part.last is None else str(part.last)}
                )  # fmt: skip
        except DriverError as error:
            return await self.end_by(self.problem(error))
        await self.close(END)

    # -- what the client says ----------------------------------------------------------------

    async def handle(self, event: dict[str, Any]) -> None:
        try:
            frame = parse(event.get("text"))
        except BadFrame as error:
            return await self.refuse_frame(error)
        if isinstance(frame, Ping):
            await self.say({"type": "pong", "at": datetime.now(UTC)}, frame.id)
        elif isinstance(frame, Refine):
            await self._refine(frame)

    async def _refine(self, frame: Refine) -> None:
        """Other filters from now on, and what they leave of the last lines once more."""
        again = list(self.sources.values())
        for source in again:
            self.leave(source.container)
        self.choice = frame.choice
        await self.say({"type": "filtered"}, frame.id)
        self.wanted = self.wanted.model_copy(
            update={"tail": frame.tail, "since": None, "behind": {}, "after": ""}
        )
        self.follow_all(again)


def told_of(source: Source) -> dict[str, Any]:
    return {"id": source.container, "name": source.name}


def sees(rights: Rights, source: Source) -> bool:
    return rights.sees({"permission": PERMISSION, "host": source.host, "site": source.site})
