"""Sending the same to many sockets: a message made once, and sent at once where nothing waits."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, Final

_WHOLE_TEXT: Final = 0x81  # RFC 6455, section 5.2: the only frame of a text message

# What a server may put into a socket's scope: sends a whole frame, or says that it cannot now.
WRITE_NOW: Final = "siteflow.write_now"
# The server's own ``send``, for messages that no middleware on the way has to do with.
PLAIN_SEND: Final = "siteflow.plain_send"


class Parcel:
    """A text for many sockets, and made once, its frame."""

    __slots__ = ("_frame", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._frame: bytes | None = None

    @property
    def frame(self) -> bytes:
        """As a server sends it: one frame, not masked, not compressed."""
        if self._frame is None:
            self._frame = _framed(self.text.encode())
        return self._frame


def _framed(payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((_WHOLE_TEXT, length)) + payload
    if length < 65536:
        return bytes((_WHOLE_TEXT, 126)) + length.to_bytes(2) + payload
    return bytes((_WHOLE_TEXT, 127)) + length.to_bytes(8) + payload


def begun(work: Coroutine[Any, Any, None]) -> Awaitable[None] | None:
    """Does as much as needs no waiting. None when that was all; else await what is left.

    In an event loop's thread. A task for each would cost more than most of the work itself.
    """
    try:
        waits_for = work.send(None)
    except StopIteration:
        return None
    return _Rest(work, waits_for)


class _Rest:
    def __init__(self, work: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._work, self._waits_for = work, waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        """Hands on what the coroutine waits for, as ``yield from`` would from its start."""
        waits_for = self._waits_for
        while True:
            try:
                value = yield waits_for
            except BaseException as error:  # cancelled, for one: that is the coroutine's to answer
                step: Any = self._work.throw
                given: Any = error
            else:
                step, given = self._work.send, value
            try:
                waits_for = step(given)
            except StopIteration:
                return
