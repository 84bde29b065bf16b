"""What ``http.client`` reads an answer from: one that looks like a file, over a stream."""

from __future__ import annotations

import io
from typing import Any, Protocol


class Receives(Protocol):
    def recv(self, size: int) -> bytes: ...


class StreamReader(io.RawIOBase):
    def __init__(self, sock: Receives) -> None:
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._sock.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)
