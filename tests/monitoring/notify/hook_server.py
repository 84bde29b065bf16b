"""A webhook's server on 127.0.0.1 that answers as its path says, also as no honest one would."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MEGABYTE = 1_000_000


class Hooks(ThreadingHTTPServer):
    """``told``: what was sent to each path, in order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.stopping = threading.Event()

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.server_port}"

    def count(self, path: str) -> int:
        return Counter(one for one, _ in self.told)[path]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who is hostile is hung up on."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hooks

    def log_message(self, *args: Any) -> None:
        """Nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.told.append((self.path, json.loads(body)))
        name = self.path.strip("/").partition("/")[0]
        with contextlib.suppress(OSError):
            getattr(self, f"_{name}")()

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _ok(self) -> None:
        self._answer(200, b"ok")

    def _flaky(self) -> None:
        """Fails the first time."""
        self._answer(500 if self.server.count(self.path) == 1 else 200)

    def _stuck(self) -> None:
        """Says nothing the first time."""
        if self.server.count(self.path) == 1:
            return self._hanging()
        self._ok()

    def _wrong(self) -> None:
        self._answer(500, b"<script>alert('hidden')</script>")

    def _redirect(self) -> None:
        self._answer(307, Location="/ok")

    def _big(self) -> None:
        self._answer(200, b"x" * MEGABYTE)

    def _bomb(self) -> None:
        """Small on the way, 100 MB when unpacked."""
        self._answer(200, gzip.compress(b"\0" * 100 * MEGABYTE, 1), Content_Encoding="gzip")

    def _endless(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._for_ever(b"5\r\nhello\r\n")

    def _dripping(self) -> None:
        """A status line that never ends."""
        self._for_ever(b"H")

    def _hanging(self) -> None:
        self.server.stopping.wait(120)

    def _garbage(self) -> None:
        self.wfile.write(b"\0\xff" * 1000)
        self.close_connection = True

    def _for_ever(self, piece: bytes) -> None:
        while not self.server.stopping.wait(0.1):
            self.wfile.write(piece)
            self.wfile.flush()


@contextmanager
def hooks() -> Iterator[Hooks]:
    with Hooks() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.stopping.set()
        server.shutdown()
        thread.join(10)
