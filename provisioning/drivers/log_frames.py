"""Docker's log format: frames of stdout and stderr, or plain text from a terminal.

Docker Engine API 1.41, "Attach to a container", stream format.
"""

from __future__ import annotations

import struct

from provisioning.drivers.hostile import storable

_HEADER = struct.Struct(">B3xL")
MAX_LINE_CHARS = 16 * 1024


def demultiplex(data: bytes) -> bytes:
    """The payload of all frames in order; of an incomplete last frame, what there is of it."""
    payload = bytearray()
    at = 0
    while at + _HEADER.size <= len(data):
        _, size = _HEADER.unpack_from(data, at)
        at += _HEADER.size
        payload += data[at : at + size]
        at += size
    return bytes(payload)


def last_lines(payload: bytes, *, tail: int, max_bytes: int) -> list[str]:
    """The last ``tail`` lines within the last ``max_bytes``, without what cannot be stored."""
    cut = payload[-max_bytes:]
    lines = cut.decode("utf-8", "replace").split("\n")
    if len(cut) < len(payload):
        lines = lines[1:]  # the first one has lost its beginning
    if lines and not lines[-1]:
        lines.pop()
    kept = lines[-tail:] if tail > 0 else []
    return [storable(line.removesuffix("\r"), limit=MAX_LINE_CHARS) for line in kept]
