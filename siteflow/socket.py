"""What every WebSocket of ours is: a login that is looked at again and again, and plain errors.

A plain ASGI application, not a Channels consumer: those open a channel per socket, and all
sockets of a process share the one of the hub.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from channels.db import database_sync_to_async

from siteflow.accounts.credentials import Credential
from siteflow.accounts.sockets import credential_of
from siteflow.errors import Problem, problem_of
from siteflow.frames import BadFrame
from siteflow.limits import TooMany
from siteflow.parcels import PLAIN_SEND, WRITE_NOW, Parcel, begun
from siteflow.sessions import Rights, rights_of, watch_of_this_loop
from sites.live import encode

logger = logging.getLogger(__name__)

MAX_BAD_FRAMES: Final = 20
NOT_LOGGED_IN: Final = 4401
FORBIDDEN: Final = 4403
MISBEHAVED: Final = 4400
NO_SUCH_PLACE: Final = 4404
BROKEN: Final = 1011
_credential_of = database_sync_to_async(credential_of, thread_sensitive=False)


class Socket:
    """One socket of a logged-in account. Subclasses do something in ``begin`` and ``handle``.

    ``rights`` are there from ``begin`` on; they are read anew every few seconds, and the socket
    ends when the login does.
    """

    def __init__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.credential = Credential("session", "")  # nobody's, until it is read
        self.scope = scope
        self._receive, self._send_event = receive, send
        self._rights: Rights | None = None
        self._rights_at = 0.0
        self._write_now: Callable[[bytes], bool] | None = scope.get(WRITE_NOW)
        self._send_plainly = scope.get(PLAIN_SEND, send)
        self._is_sending = False  # what could not be sent at once
        self._bad_frames = 0
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def serve(cls, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The ASGI application."""
        scope["request_id"] = uuid.uuid4().hex
        await cls(scope, receive, send).run()

    async def run(self) -> None:
        await self._receive()  # websocket.connect
        await self._send_event({"type": "websocket.accept"})
        if not await self._let_in():
            return
        watch = watch_of_this_loop()
        watch.add(self)
        try:
            await self._begin_or_refuse()
            while (event := await self._receive())["type"] != "websocket.disconnect":
                if not self._closed:
                    await self.handle(event)
        finally:
            self._closed = True
            watch.remove(self)
            self.ended()
            for task in list(self._tasks):
                task.cancel()

    async def begin(self) -> None:
        """After the login. What is raised here is told and ends the socket."""

    async def handle(self, event: dict[str, Any]) -> None:
        """One message of the client (``text`` or ``bytes``); nothing more is read meanwhile."""
        raise NotImplementedError

    def ended(self) -> None:
        """The client or we have gone; called once after ``begin``, however that ended."""

    def rights_read(self, rights: Rights, *, changed: bool) -> None:
        """Rights were read anew, as happens every few seconds. It must not wait."""

    @property
    def rights(self) -> Rights:
        assert self._rights is not None  # noqa: S101  (after the login there are some)
        return self._rights

    async def _let_in(self) -> bool:
        try:
            if credential := await _credential_of(self.scope):
                self.credential = credential
                self._rights = await rights_of(credential)
            self._rights_at = time.monotonic()
        except TooMany as error:
            await self.end(error.code, error.message, NOT_LOGGED_IN)
            return False
        except Exception:  # the database is away; the client comes again later
            logger.warning("A socket's login cannot be read", exc_info=True)
            await self.close(BROKEN)
            return False
        if self._rights is None:
            await self.end("not_authenticated", "Log in first.", NOT_LOGGED_IN)
        return self._rights is not None

    async def _begin_or_refuse(self) -> None:
        try:
            await self.begin()
        except Exception as error:  # told to the client
            await self.end_by(self.problem(error))

    async def refuse_frame(self, error: BadFrame) -> None:
        """Tell what is wrong with a message; who goes on like that is sent away."""
        self._bad_frames += 1
        if self._bad_frames < MAX_BAD_FRAMES:
            return await self.say(error_of(problem_of(error)))
        await self.end("too_many_errors", "Too many messages that make no sense.", MISBEHAVED)

    def problem(self, error: Exception) -> Problem:
        """What to tell of it; what is our own fault is in the log."""
        problem = problem_of(error)
        if problem.status in (500, 503):
            logger.error("a socket's message failed, request %s", self.scope["request_id"],
                         exc_info=error)  # fmt: skip
        return problem

    async def still_logged_in(self, *, within_s: float = 0.0) -> bool:
        """Reads the rights anew, unless that was done at most ``within_s`` ago."""
        if time.monotonic() - self._rights_at > within_s:
            self.rights_are(await rights_of(self.credential))
        return self._rights is not None

    def rights_are(self, rights: Rights | None) -> None:
        """Called every few seconds: ends the socket, or what is no longer allowed."""
        if self._closed or self._rights is None:
            return
        changed = rights is not None and rights != self._rights
        self._rights, self._rights_at = rights, time.monotonic()
        if rights is None:
            self.background(
                self.end, "session_ended", "The session has ended; log in.", NOT_LOGGED_IN
            )
        else:
            self.rights_read(rights, changed=changed)

    def ping(self) -> None:
        self.background(self.say, {"type": "ping", "at": datetime.now(UTC)})

    async def say(self, message: dict[str, Any], number: int | str | None = None) -> None:
        """Send JSON; ``number`` is the client's own of what this answers."""
        if number is not None:
            message["id"] = number
        await self.send_text(encode(message))

    async def send_text(self, text: str) -> None:
        if not self._closed:
            await self._send_event({"type": "websocket.send", "text": text})

    def send_now(self, parcel: Parcel) -> bool:
        """Sends it if that needs no waiting, else not; says whether it did. For what goes to many.

        Whoever is told False waits with ``send_text``.
        """
        if self._closed or self._is_sending:
            return False
        if self._write_now is not None:
            return self._write_now(parcel.frame)
        rest = begun(self._send_plainly({"type": "websocket.send", "text": parcel.text}))
        if rest is not None:  # it is under way, and will not be the last
            self._is_sending = True
            self.background(self._finish, rest)
        return True

    async def _finish(self, rest: Awaitable[None]) -> None:
        try:
            await rest
        finally:
            self._is_sending = False

    async def send_bytes(self, data: bytes) -> None:
        if not self._closed:
            await self._send_event({"type": "websocket.send", "bytes": data})

    async def end(self, code: str, message: str, close: int) -> None:
        """The last word, and then the socket is closed; the client should not simply come back."""
        await self.say({**error_of(Problem(403, code, message)), "fatal": True})
        await self.close(close)

    async def end_by(self, problem: Problem) -> None:
        """The same for a problem; whether to come back depends on whose trouble it is."""
        told = error_of(problem)
        await self.say({**told, "fatal": not told["reconnect"]})
        codes = {401: NOT_LOGGED_IN, 403: FORBIDDEN, 404: NO_SUCH_PLACE}
        misbehaved = MISBEHAVED if problem.status < 500 else BROKEN
        await self.close(codes.get(problem.status, misbehaved))

    async def close(self, code: int) -> None:
        if not self._closed:
            self._closed = True
            await self._send_event({"type": "websocket.close", "code": code})

    def background(self, work: Callable[..., Awaitable[None]], *args: Any) -> asyncio.Task[None]:
        """Runs beside the reading of messages, and ends with the socket."""
        task = asyncio.create_task(self._guarded(work, *args))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Callable[..., Awaitable[None]], *args: Any) -> None:
        try:
            await work(*args)
        except Exception:  # mostly: the client is gone
            logger.debug("a socket's own work ended", exc_info=True)
            with suppress(Exception):
                await self.close(BROKEN)


def error_of(problem: Problem) -> dict[str, Any]:
    """A problem as a socket tells it."""
    return {
        "type": "error",
        "code": problem.code,
        "message": problem.message,
        "details": problem.details,
        "field": problem.field or None,
        "timestamp": datetime.now(UTC),
        "reconnect": problem.status in (503, 504),  # trouble which passes
        "fatal": False,
    }
