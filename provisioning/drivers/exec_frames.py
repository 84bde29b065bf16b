"""The payload of a stream of Docker's frames, as it comes in pieces.

Docker Engine API 1.41, "Attach to a container", stream format.
"""

from __future__ import annotations

import struct
from typing import Final

_HEADER: Final = struct.Struct(">B3xL")


class Unframed:
    """Keeps nothing but an incomplete header: payload goes on as soon as it is there."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0  # of the frame that is being read

    def feed(self, data: bytes) -> bytes:
        found = bytearray()
        while data:
            if self._left:
                found += data[: self._left]
                taken = min(self._left, len(data))
                self._left, data = self._left - taken, data[taken:]
                continue
            wanted = _HEADER.size - len(self._head)
            self._head, data = self._head + data[:wanted], data[wanted:]
            if len(self._head) == _HEADER.size:
                _, self._left = _HEADER.unpack(self._head)
                self._head = b""
        return bytes(found)
