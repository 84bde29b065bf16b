"""The live socket: subscribe to topics, start actions, never left wrong."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from channels.db import database_sync_to_async

from audit.record import Actor
from provisioning.asking import ask
from provisioning.models import Operation
from provisioning.schemas import operation_out
from siteflow.errors import Problem
from siteflow.frames import ActionStart, BadFrame, Frame, Ping, Subscribe, Unsubscribe, parse
from siteflow.hub import Client, hub_of_this_loop, nothing
from siteflow.limits import spend_change
from siteflow.looking import looking_of_this_loop
from siteflow.parcels import Parcel
from siteflow.sessions import Rights
from siteflow.socket import NO_SUCH_PLACE, Socket, error_of
from siteflow.topics import Snapshot, Wish, snapshot, topic_of
from sites.live import encode

MAX_TOPICS: Final = 100
MAX_FOLLOWED: Final = 20  # operations this socket started and therefore follows
_in_thread = database_sync_to_async


async def nowhere(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """No socket lives at this address."""
    await receive()
    await send({"type": "websocket.close", "code": NO_SUCH_PLACE})


class LiveSocket(Socket):
    """`/api/ws`, and the presets: ``topics`` of the route are subscribed from the start."""

    def __init__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        super().__init__(scope, receive, send)
        self._client = Client(sees=nothing, write=self._write)
        self._hub = hub_of_this_loop()
        self._wishes: dict[str, Wish] = {}
        self._followed: deque[str] = deque()
        # Held from a subscription until its snapshot is sent: what is pushed meanwhile comes after.
        self._turn = asyncio.Lock()

    async def begin(self) -> None:
        self.look_anew()
        self.background(self._pump)
        for wish in await self.wishes():
            if topic_of(wish.topic)[0].keyed:  # what it is about; without it there is nothing
                await self._subscribe(wish)
            else:
                await self._subscribe_or_say_why(wish)

    def ended(self) -> None:
        self._hub.remove(self._client)

    async def wishes(self) -> list[Wish]:
        """What it is subscribed to from the start. Raises what ends the socket."""
        return [Wish(topic) for topic in self.preset_topics()]

    def preset_topics(self) -> list[str]:
        route = self.scope["url_route"]["kwargs"]
        return [topic.format(**route) for topic in route.get("topics", ())]

    def view(self, rights: Rights) -> Callable[[Mapping[str, Any]], bool]:
        """Which messages this socket gets, by their scope."""
        return rights.sees

    def look_anew(self) -> None:
        """After whatever decides the view has changed."""
        self._client.sees = self.view(self.rights)

    def narrowed(self, wish: Wish, shown: Snapshot) -> Snapshot:
        """What of a snapshot is for this socket."""
        return shown

    async def handle(self, event: dict[str, Any]) -> None:
        try:
            frame = parse(event.get("text"))
        except BadFrame as error:
            await self.refuse_frame(error)
        else:
            await self._handle(frame)

    async def _handle(self, frame: Frame) -> None:
        try:
            if isinstance(frame, Subscribe):
                ids = None if frame.ids is None else tuple(frame.ids)
                await self._subscribe(Wish(frame.topic, ids, frame.after), frame.id)
            elif isinstance(frame, Unsubscribe):
                self._unsubscribe(frame.topic)
                await self.say({"type": "unsubscribed", "topic": frame.topic}, frame.id)
            elif isinstance(frame, Ping):
                await self.say({"type": "pong", "at": datetime.now(UTC)}, frame.id)
            elif isinstance(frame, ActionStart):
                await self._act(frame)
        except Exception as error:  # told to the client; the socket lives on
            await self.say(error_of(self.problem(error)), frame.id)

    async def _subscribe_or_say_why(self, wish: Wish) -> None:
        try:
            await self._subscribe(wish)
        except Exception as error:  # told to the client; the other topics are not less for it
            await self.say(error_of(self.problem(error)))

    async def _subscribe(self, wish: Wish, number: int | str | None = None) -> None:
        topic_of(wish.topic)  # raises before anything is kept of a topic that does not exist
        if wish.topic not in self._wishes and len(self._wishes) >= MAX_TOPICS:
            raise BadFrame(f"A socket may have {MAX_TOPICS} topics.", "too_many_topics", "topic")
        if not await self.still_logged_in(within_s=1.0):
            return
        async with self._turn:
            self._wishes[wish.topic] = wish
            # First listen, then look: a change in between comes twice rather than never.
            await self._hub.subscribe([wish.topic], self._client)
            await self._send_snapshot(wish, number)
        looking_of_this_loop().soon(wish.topic)

    async def _send_snapshot(self, wish: Wish, number: int | str | None = None) -> None:
        """Raises why not, and then the topic is given up."""
        assert self._rights is not None  # noqa: S101  (for the type checker)
        try:
            shown = await _in_thread(snapshot, thread_sensitive=False)(self._rights.user, wish)
        except Exception:  # for whatever reason: no topic without its snapshot
            self._unsubscribe(wish.topic)
            raise
        await self.say(
            {
                "type": "subscribed",
                "topic": wish.topic,
                "at": datetime.now(UTC),
                **self.narrowed(wish, shown),
            },
            number,
        )

    def _unsubscribe(self, topic: str) -> None:
        self._wishes.pop(topic, None)
        self._hub.unsubscribe([topic], self._client)

    async def _act(self, frame: ActionStart) -> None:
        """The same call as everywhere; the rights are read anew for it."""
        if not await self.still_logged_in() or self._rights is None:
            return
        self.scope["user"] = self._rights.user
        await _in_thread(spend_change, thread_sensitive=False)(self._rights.user.pk)
        row = await _in_thread(ask, thread_sensitive=False)(
            frame.kind,
            target_id=frame.target_id,
            target_type=frame.target_type,
            user=self._rights.user,
            actor=Actor.of_scope(self.scope),
            params=frame.params,
            confirm_name=frame.confirm_name,
            idempotency_key=frame.idempotency_key,
        )
        await self.say(_started(row), frame.id)
        await self._follow(f"operation.{row.pk}")

    async def _follow(self, topic: str) -> None:
        if topic not in self._wishes:
            self._followed.append(topic)
        if len(self._followed) > MAX_FOLLOWED:
            self._unsubscribe(self._followed.popleft())
        await self._subscribe(Wish(topic))

    def rights_are(self, rights: Rights | None) -> None:
        self._client.sees = self.view(rights) if rights else nothing
        super().rights_are(rights)

    def rights_read(self, rights: Rights, *, changed: bool) -> None:
        if changed:  # what a topic shows may be more or less now
            self._client.mark_behind()
        for topic in list(self._wishes):
            if not rights.may_look(topic_of(topic)[0].permission):
                self._unsubscribe(topic)
                problem = Problem(403, "forbidden", f"{topic} may no longer be seen.")
                self._client.put(encode({**error_of(problem), "topic": topic}))

    def ping(self) -> None:
        self._client.put(encode({"type": "ping", "at": datetime.now(UTC)}))

    def _write(self, parcel: Parcel) -> bool:
        return not self._turn.locked() and self.send_now(parcel)

    async def _pump(self) -> None:
        """Sends what the hub has for this socket. Reads the database only after a gap."""
        while not self._closed:
            text = await self._client.next()
            async with self._turn:
                if text is None:
                    await self._catch_up()
                else:
                    await self.send_text(text)

    async def _catch_up(self) -> None:
        problem = Problem(200, "behind", "Messages were left out; what follows is all there is.")
        await self.say(error_of(problem))
        for wish in list(self._wishes.values()):
            try:
                await self._send_snapshot(wish)
            except Exception as error:  # one topic's trouble is not the others'
                await self.say({**error_of(self.problem(error)), "topic": wish.topic})


def _started(row: Operation) -> dict[str, Any]:
    return {
        "type": "action.output",
        "operation": row.pk,
        "line": row.lines,
        "stream": "status",
        "text": row.label,
        "percent": row.percent,
        "status": "started",
        "item": operation_out(row),
    }
