"""No socket fills this process's memory, neither a slow reader nor one who sends without end.

daphne itself writes whatever the application gives it and keeps whatever a client sends. Here the
application's ``send`` waits while the client has not taken what was sent before, and reading from
a client pauses while the application has not taken what came before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.tcp import Connection

from siteflow.parcels import WRITE_NOW

MAX_WAITING: Final = 32  # messages of a client that the application has not taken


class FlowingSocket(WebSocketProtocol):  # type: ignore[misc]
    """Its own producer (Twisted's IPushProducer): the transport says when its buffer is full."""

    def makeConnection(self, transport: Any) -> None:
        self._room = asyncio.Event()
        self._room.set()
        self._halted = False
        transport.unregisterProducer()  # the HTTP channel, which this connection was before
        transport.registerProducer(self, True)
        super().makeConnection(transport)

    def pauseProducing(self) -> None:
        self._room.clear()

    def resumeProducing(self) -> None:
        self._room.set()

    def stopProducing(self) -> None:
        self._room.set()

    async def room(self) -> None:
        """Returns once the client has taken most of what was sent, or is gone."""
        await self._room.wait()

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:
        """Whatever its size: autobahn would hold us to the limit of what clients may send.

        What comes too late, when the client is leaving, is dropped.
        """
        if self.state == self.STATE_OPEN:
            data = content.encode() if isinstance(content, str) else content
            self.sendFrame(opcode=2 if binary else 1, payload=data)

    def write_now(self, frame: bytes) -> bool:
        """Sends a whole frame if nothing waits to be sent; says whether it did.

        Twisted's own way asks the event loop each time to tell when the connection can be written
        to, which it nearly always can: that costs more than sending.
        """
        transport = self.transport
        if (
            self.state != self.STATE_OPEN
            or not transport.connected
            or transport.dataBuffer
            or transport._tempDataBuffer
            or self.send_queue
        ):
            return False
        sent = transport.writeSomeData(frame)
        if not isinstance(sent, int):
            return False  # the connection is lost, as its reader will find
        if sent < len(frame):
            transport.write(frame[sent:])
        return True

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        super().onMessage(payload, isBinary)
        if not self._halted and self.application_queue.qsize() >= MAX_WAITING:
            self._halted = True
            self.transport.pauseProducing()

    def taken(self) -> None:
        """The application has taken a message."""
        if self._halted and self.application_queue.qsize() <= MAX_WAITING // 2:
            self._halted = False
            self.transport.resumeProducing()


class FlowingServer(Server):  # type: ignore[misc]
    def __init__(self, application: Any, **options: Any) -> None:
        super().__init__(partial(_flowing, application), **options)


async def _flowing(
    application: Any,
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Any,
) -> None:
    socket = send.args[0]  # daphne binds the connection there and tells it nowhere else
    if not isinstance(socket, FlowingSocket):
        await application(scope, receive, send)
        return

    if isinstance(socket.transport, Connection):  # and not TLS, whose data is encrypted first
        scope[WRITE_NOW] = socket.write_now

    async def take() -> dict[str, Any]:
        event = await receive()
        socket.taken()
        return event

    async def give(event: dict[str, Any]) -> None:
        await send(event)
        await socket.room()

    await application(scope, take, give)
