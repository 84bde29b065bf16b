"""A client of the live socket for tests: logs in with a cookie, as a browser does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth.models import User

from siteflow.asgi import application
from tests.people import logged_in

ORIGIN: Final = b"http://testserver"
ANSWER_S: Final = 15.0


def in_database(work: Callable[..., Any], *args: Any, **given: Any) -> Any:
    """Awaitable: database work of the test's own, in a thread whose connection is closed."""
    return database_sync_to_async(work, thread_sensitive=False)(*args, **given)


class Socket(WebsocketCommunicator):  # type: ignore[misc]
    def __init__(
        self, path: str, *, cookie: str = "", origin: bytes | None = ORIGIN, bearer: str = ""
    ) -> None:
        headers = [(b"host", b"testserver"), (b"user-agent", b"test")]
        if bearer:
            headers.append((b"authorization", f"Bearer {bearer}".encode()))
        if cookie:
            headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()))
        if origin is not None:
            headers.append((b"origin", origin))
        super().__init__(application, path, headers=headers)
        self.cookie = cookie

    # Channels' own keep database connections open, for tests in one transaction; these are not.
    send_input: Any = ApplicationCommunicator.send_input
    receive_output: Any = ApplicationCommunicator.receive_output

    async def say(self, **message: Any) -> None:
        await self.send_to(text_data=json.dumps(message))

    async def hear(self, kind: str = "", *, timeout_s: float = ANSWER_S) -> dict[str, Any]:
        """The next message, or the next of this type."""
        while True:
            message: dict[str, Any] = json.loads(await self.receive_from(timeout=timeout_s))
            if kind in ("", message["type"]):
                return message

    async def ask(self, kind: str, /, **message: Any) -> dict[str, Any]:
        """Says something and returns the answer to it, by its number."""
        number = kind + str(sorted(message.items()))[:60]
        await self.say(type=kind, id=number, **message)
        while (answer := await self.hear()).get("id") != number:
            pass
        return answer

    async def close_code(self) -> int:
        while (event := await self.receive_output(ANSWER_S))["type"] != "websocket.close":
            pass
        code: int = event["code"]
        return code


def session_of(user: User) -> str:
    return str(logged_in(user).cookies[settings.SESSION_COOKIE_NAME].value)


@asynccontextmanager
async def socket_of(user: User, path: str = "/api/ws") -> AsyncIterator[Socket]:
    socket = Socket(path, cookie=await in_database(session_of, user))
    connected, _ = await socket.connect(timeout=ANSWER_S)
    assert connected
    try:
        yield socket
    finally:
        await socket.disconnect(timeout=ANSWER_S)
