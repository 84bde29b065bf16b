"""An answer of Docker's that goes on, read as its bytes come: events, logs, terminals, pulls.

Requests are HTTP/1.0, because answers to those come without chunks. Docker Engine API 1.41.
"""

from __future__ import annotations

import json
import re
import threading
import urllib.parse
from collections.abc import Mapping
from typing import Final

from provisioning.drivers.bytestream import ByteStream
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.docker_errors import api_error
from provisioning.drivers.errors import DriverError

_CHUNK: Final = 64 * 1024
_MAX_HEAD_BYTES: Final = 64 * 1024
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r\n]")
_TAKEN: Final = {b"200", b"201", b"101"}  # 101: the connection is ours, both ways

Query = Mapping[str, str | int | float]


def request(
    method: str,
    path: str,
    *,
    query: Query | None = None,
    body: Mapping[str, object] | None = None,
    upgrade: bool = False,
) -> bytes:
    """The bytes to send. ``path`` is written as it is: whatever is in it was checked before."""
    target = f"{path}?{urllib.parse.urlencode(query)}" if query else path
    payload = b"" if body is None else json.dumps(body).encode()
    head = [f"{method} {target} HTTP/1.0", "Host: docker"]
    if body is not None:
        head += ["Content-Type: application/json", f"Content-Length: {len(payload)}"]
    if upgrade:
        head += ["Connection: Upgrade", "Upgrade: tcp"]
    return "\r\n".join([*head, "", ""]).encode() + payload


class RawStream:
    """Read in one thread; ``send`` and ``close`` may be called from any other.

    ``what`` completes the sentence of an error: "web1: reading a log failed: …".
    """

    def __init__(self, stream: ByteStream, *, who: str, what: str) -> None:
        self._stream = stream
        self._who = who
        self._what = what
        self._buffer = b""
        self._closed = threading.Event()

    def open(self, sent: bytes, deadline: Deadline) -> None:
        """Send the request and read the head of the answer. DriverError if it is refused."""
        self._stream.send(sent)
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self._receive_head(deadline)
            if len(self._buffer) > _MAX_HEAD_BYTES:
                raise self._garbage()
        first, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        found = _STATUS.match(first)
        if found is None:
            raise self._garbage()
        if found[1] not in _TAKEN:
            raise self._refused(int(found[1]), deadline)

    def recv(self, size: int, *, timeout_s: float) -> bytes:
        """What came, at most ``size`` bytes; b"" at the end and after ``close``.

        TimeoutError after silence. DriverError when the connection broke before the end.
        """
        if self._buffer:
            data, self._buffer = self._buffer[:size], self._buffer[size:]
            return data
        if self._closed.is_set():
            return b""
        data = self._stream.recv(size, timeout_s=timeout_s)
        if not data and not self._closed.is_set() and (why := self._stream.ending()) is not None:
            raise why
        return data

    def send(self, data: bytes) -> None:
        self._stream.send(data)

    def answers(self) -> bool:
        """Whether the other side of a silent stream still answers; asks it, at most 4 s."""
        return self._stream.answers()

    def close(self) -> None:
        """End it now: the channel and the process on the host go away at once."""
        self._closed.set()
        self._stream.close()

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    def _receive_head(self, deadline: Deadline) -> bytes:
        try:
            data = self._stream.recv(_CHUNK, timeout_s=deadline.left())
        except TimeoutError:
            raise DriverError(f"{self._who}: Docker gave no answer in time", "timeout") from None
        if not data:
            raise self._stream.ending() or self._broken()
        return data

    def _refused(self, status: int, deadline: Deadline) -> DriverError:
        body = self._buffer
        try:
            while len(body) < _MAX_HEAD_BYTES and (
                data := self._stream.recv(_CHUNK, timeout_s=deadline.within(2.0))
            ):
                body += data
        except TimeoutError:
            pass
        try:
            words = str(json.loads(body)["message"])
        except (ValueError, KeyError, TypeError, RecursionError):
            words = ""
        return api_error(self._who, self._what, status, words)

    def _garbage(self) -> DriverError:
        return DriverError(f"{self._who}: {self._what} failed: the answer is unreadable", "garbage")

    def _broken(self) -> DriverError:
        return DriverError(
            f"{self._who}: {self._what} failed: the connection to Docker broke", "link_lost"
        )
