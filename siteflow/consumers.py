"""The live socket: subscribe to topics, start actions, never left wrong.

A plain ASGI application, not a Channels consumer: those open a channel per socket, and all
sockets of a process share the one of the hub.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from channels.db import database_sync_to_async

from audit.record import Actor
from provisioning.asking import ask
from provisioning.models import Operation
from provisioning.schemas import operation_out
from siteflow.accounts.credentials import Credential
from siteflow.accounts.sockets import credential_of
from siteflow.errors import Problem, problem_of
from siteflow.frames import ActionStart, BadFrame, Frame, Ping, Subscribe, Unsubscribe, parse
from siteflow.hub import Client, hub_of_this_loop
from siteflow.limits import TooMany, spend_change
from siteflow.looking import looking_of_this_loop
from siteflow.sessions import Rights, rights_of, watch_of_this_loop
from siteflow.topics import Wish, snapshot, topic_of
from sites.live import encode

logger = logging.getLogger(__name__)

MAX_TOPICS: Final = 100
MAX_FOLLOWED: Final = 20  # operations this socket started and therefore follows
MAX_BAD_FRAMES: Final = 20
NOT_LOGGED_IN: Final = 4401
MISBEHAVED: Final = 4400
NO_SUCH_PLACE: Final = 4404
BROKEN: Final = 1011
_in_thread = database_sync_to_async
_credential_of = database_sync_to_async(credential_of, thread_sensitive=False)


async def live(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """`/api/ws`, and the presets: ``topics`` of the route are subscribed from the start."""
    scope["request_id"] = uuid.uuid4().hex
    await LiveSocket(scope, receive, send).run()


async def nowhere(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """No socket lives at this address."""
    await receive()
    await send({"type": "websocket.close", "code": NO_SUCH_PLACE})


class LiveSocket:
    def __init__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.credential = Credential("session", "")  # nobody's, until it is read
        self._scope, self._receive, self._send_event = scope, receive, send
        self._rights: Rights | None = None
        self._rights_at = 0.0
        self._client = Client(sees=lambda about: bool(self._rights and self._rights.sees(about)))
        self._hub = hub_of_this_loop()
        self._wishes: dict[str, Wish] = {}
        self._followed: deque[str] = deque()
        self._bad_frames = 0
        self._closed = False
        # Held from a subscription until its snapshot is sent: what is pushed meanwhile comes after.
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        await self._receive()  # websocket.connect
        await self._send_event({"type": "websocket.accept"})
        if not await self._let_in():
            return
        watch = watch_of_this_loop()
        watch.add(self)
        self._background(self._pump)
        try:
            for topic in self._presets():
                await self._handle(Subscribe(type="subscribe", topic=topic))
            await self._serve()
        finally:
            watch.remove(self)
            self._hub.remove(self._client)
            for task in list(self._tasks):
                task.cancel()

    async def _let_in(self) -> bool:
        try:
            if credential := await _credential_of(self._scope):
                self.credential = credential
                self._rights = await rights_of(credential)
            self._rights_at = time.monotonic()
        except TooMany as error:
            await self._end(error.code, error.message, NOT_LOGGED_IN)
            return False
        except Exception:  # the database is away; the client comes again later
            logger.warning("A socket's login cannot be read", exc_info=True)
            await self._close(BROKEN)
            return False
        if self._rights is None:
            await self._end("not_authenticated", "Log in first.", NOT_LOGGED_IN)
        return self._rights is not None

    def _presets(self) -> list[str]:
        route = self._scope["url_route"]["kwargs"]
        return [topic.format(**route) for topic in route.get("topics", ())]

    async def _serve(self) -> None:
        while (event := await self._receive())["type"] != "websocket.disconnect":
            if self._closed:
                continue
            try:
                frame = parse(event.get("text"))
            except BadFrame as error:
                await self._refuse_frame(error)
            else:
                await self._handle(frame)

    async def _refuse_frame(self, error: BadFrame) -> None:
        self._bad_frames += 1
        if self._bad_frames < MAX_BAD_FRAMES:
            return await self._say(_error_of(problem_of(error)))
        await self._end("too_many_errors", "Too many messages that make no sense.", MISBEHAVED)

    async def _handle(self, frame: Frame) -> None:
        try:
            if isinstance(frame, Subscribe):
                ids = None if frame.ids is None else tuple(frame.ids)
                await self._subscribe(Wish(frame.topic, ids, frame.after), frame.id)
            elif isinstance(frame, Unsubscribe):
                self._unsubscribe(frame.topic)
                await self._say({"type": "unsubscribed", "topic": frame.topic}, frame.id)
            elif isinstance(frame, Ping):
                await self._say({"type": "pong", "at": datetime.now(UTC)}, frame.id)
            elif isinstance(frame, ActionStart):
                await self._act(frame)
        except Exception as error:  # told to the client; the socket lives on
            await self._say(_error_of(self._problem(error)), frame.id)

    def _problem(self, error: Exception) -> Problem:
        problem = problem_of(error)
        if problem.status in (500, 503):
            logger.error("a socket's message failed, request %s", self._scope["request_id"],
                         exc_info=error)  # fmt: skip
        return problem

    async def _subscribe(self, wish: Wish, number: int | str | None = None) -> None:
        topic_of(wish.topic)  # raises before anything is kept of a topic that does not exist
        if wish.topic not in self._wishes and len(self._wishes) >= MAX_TOPICS:
            raise BadFrame(f"A socket may have {MAX_TOPICS} topics.", "too_many_topics", "topic")
        if not await self._still_logged_in(within_s=1.0):
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
        await self._say(
            {"type": "subscribed", "topic": wish.topic, "at": datetime.now(UTC), **shown}, number
        )

    def _unsubscribe(self, topic: str) -> None:
        self._wishes.pop(topic, None)
        self._hub.unsubscribe([topic], self._client)

    async def _act(self, frame: ActionStart) -> None:
        """The same call as everywhere; the rights are read anew for it."""
        if not await self._still_logged_in() or self._rights is None:
            return
        self._scope["user"] = self._rights.user
        await _in_thread(spend_change, thread_sensitive=False)(self._rights.user.pk)
        row = await _in_thread(ask, thread_sensitive=False)(
            frame.kind,
            target_id=frame.target_id,
            target_type=frame.target_type,
            user=self._rights.user,
            actor=Actor.of_scope(self._scope),
            params=frame.params,
            confirm_name=frame.confirm_name,
            idempotency_key=frame.idempotency_key,
        )
        await self._say(_started(row), frame.id)
        await self._follow(f"operation.{row.pk}")

    async def _follow(self, topic: str) -> None:
        if topic not in self._wishes:
            self._followed.append(topic)
        if len(self._followed) > MAX_FOLLOWED:
            self._unsubscribe(self._followed.popleft())
        await self._subscribe(Wish(topic))

    async def _still_logged_in(self, *, within_s: float = 0.0) -> bool:
        """Reads the rights anew, unless that was done at most ``within_s`` ago."""
        if time.monotonic() - self._rights_at > within_s:
            self.rights_are(await rights_of(self.credential))
        return self._rights is not None

    def rights_are(self, rights: Rights | None) -> None:
        """Called every few seconds: ends the socket or the topics that are no longer allowed."""
        if self._closed or self._rights is None:
            return
        changed = rights is not None and rights != self._rights
        self._rights, self._rights_at = rights, time.monotonic()
        if rights is None:
            return self._background(
                self._end, "session_ended", "The session has ended; log in.", NOT_LOGGED_IN
            )
        if changed:  # what a topic shows may be more or less now
            self._client.mark_behind()
        for topic in list(self._wishes):
            if not rights.may_look(topic_of(topic)[0].permission):
                self._unsubscribe(topic)
                problem = Problem(403, "forbidden", f"{topic} may no longer be seen.")
                self._client.put(encode({**_error_of(problem), "topic": topic}))

    def ping(self) -> None:
        self._client.put(encode({"type": "ping", "at": datetime.now(UTC)}))

    async def _pump(self) -> None:
        """Sends what the hub has for this socket. Reads the database only after a gap."""
        while not self._closed:
            text = await self._client.next()
            async with self._turn:
                if text is None:
                    await self._catch_up()
                else:
                    await self._send_event({"type": "websocket.send", "text": text})

    async def _catch_up(self) -> None:
        problem = Problem(200, "behind", "Messages were left out; what follows is all there is.")
        await self._say(_error_of(problem))
        for wish in list(self._wishes.values()):
            try:
                await self._send_snapshot(wish)
            except Exception as error:  # one topic's trouble is not the others'
                await self._say({**_error_of(self._problem(error)), "topic": wish.topic})

    async def _say(self, message: dict[str, Any], number: int | str | None = None) -> None:
        if self._closed:
            return
        if number is not None:
            message["id"] = number
        await self._send_event({"type": "websocket.send", "text": encode(message)})

    async def _end(self, code: str, message: str, close: int) -> None:
        """The last word, and then the socket is closed; the client should not simply come back."""
        await self._say({**_error_of(Problem(403, code, message)), "fatal": True})
        await self._close(close)

    async def _close(self, code: int) -> None:
        if not self._closed:
            self._closed = True
            await self._send_event({"type": "websocket.close", "code": code})

    def _background(self, work: Callable[..., Awaitable[None]], *args: Any) -> None:
        task = asyncio.create_task(self._guarded(work, *args))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Callable[..., Awaitable[None]], *args: Any) -> None:
        try:
            await work(*args)
        except Exception:  # mostly: the client is gone
            logger.debug("a socket's own work ended", exc_info=True)
            with suppress(Exception):
                await self._close(BROKEN)


def _error_of(problem: Problem) -> dict[str, Any]:
    return {
        "type": "error",
        "code": problem.code,
        "message": problem.message,
        "details": problem.details,
        "field": problem.field or None,
        "timestamp": datetime.now(UTC),
        "reconnect": problem.status == 503,  # our own trouble, which passes
        "fatal": False,
    }


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
