"""The web process: daphne, with our limits on what it reads and our shape of what it refuses.

``python -m siteflow.web`` takes daphne's own arguments. What is here happens before an application
is asked: a request that cannot be parsed, headers without end, a body that would fill the disk.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

# First of all: it installs the event loop.
from daphne import server  # isort: skip
from daphne.cli import CommandLineInterface
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory
from twisted.web.http import HTTPChannel

from siteflow.headers import ALWAYS, NOTHING_ALLOWED
from siteflow.web_flow import FlowingServer, FlowingSocket

MAX_BODY_BYTES: Final = 1_000_000  # as `gate.py`, which answers
HOPELESS_BYTES: Final = 10 * MAX_BODY_BYTES  # from here on, nothing more is read
_REASONS: Final = {400: b"Bad Request", 413: b"Content Too Large",
                   431: b"Request Header Fields Too Large"}  # fmt: skip


def answer_of(status: int) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body of an answer no application makes."""
    from siteflow.errors import body_of, plain  # Django is set up by now

    request_id = uuid.uuid4().hex
    body = body_of(plain(status), request_id).encode()
    headers = {
        **ALWAYS,
        "Content-Type": "application/json",
        "Content-Security-Policy": NOTHING_ALLOWED,
        "X-Request-ID": request_id,
        "Content-Length": str(len(body)),
    }
    return [(name.encode(), value.encode()) for name, value in headers.items()], body


class Channel(HTTPChannel):
    """One connection. What cannot even be parsed is answered in the one shape, too."""

    _is_refused = False

    def refuse(self, status: int) -> None:
        if self._is_refused:  # what was read already may hold more to refuse
            return
        self._is_refused = True
        headers, body = answer_of(status)
        lines = [b"HTTP/1.1 %d %s" % (status, _REASONS[status]), b"Connection: close"]
        lines += [name + b": " + value for name, value in headers]
        transport: Any = self.transport
        transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        self.loseConnection()  # type: ignore[no-untyped-call]

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(431)

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(431 if self._receivedHeaderSize > self.totalHeadersSize else 400)


class Request(WebRequest):  # type: ignore[misc]
    _body_bytes = 0

    def handleContentChunk(self, data: bytes) -> None:
        """Keeps one byte more than is allowed: enough for the application to see and refuse."""
        room = MAX_BODY_BYTES + 1 - self._body_bytes
        self._body_bytes += len(data)
        if room > 0:
            super().handleContentChunk(data[:room])
        if self._body_bytes > HOPELESS_BYTES and self.channel is not None:
            self.channel.refuse(413)

    def process(self) -> Any:
        # Anybody could say where we are mounted, and mislead what looks at the path.
        self.requestHeaders.removeHeader(b"daphne-root-path")
        return super().process()

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        headers, content = answer_of(status)
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": content})

    def handle_exception(self, exception: BaseException) -> None:
        """The application failed; in the middle of an answer, only cutting it can say so."""
        if self._response_started and self.channel is not None:
            self.channel.transport.abortConnection()
        else:
            super().handle_exception(exception)


class Factory(HTTPFactory):  # type: ignore[misc]
    protocol = Channel

    def buildProtocol(self, addr: Any) -> Any:
        built = super().buildProtocol(addr)
        built.requestFactory = Request
        return built


class Socket(FlowingSocket):
    def sendHttpErrorResponse(self, code: int, reason: str, responseHeaders: Any = None) -> None:
        headers = [*(responseHeaders or ()), *ALWAYS.items()]
        headers.append(("Content-Security-Policy", NOTHING_ALLOWED))
        super().sendHttpErrorResponse(code, reason, headers)


# daphne's server takes them from its own module; it has no other way to be given them.
server.HTTPFactory = Factory
WebSocketFactory.protocol = Socket
CommandLineInterface.server_class = FlowingServer

if __name__ == "__main__":
    CommandLineInterface.entrypoint()
