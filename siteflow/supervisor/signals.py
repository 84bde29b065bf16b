"""Signals as something to select on."""

from __future__ import annotations

import signal
import socket
from types import FrameType, TracebackType
from typing import Final, Self

HANDLED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)


class Signals:
    """While entered, these signals do nothing but make it readable. Ignored ones stay ignored."""

    def __init__(self) -> None:
        self._reading, self._writing = socket.socketpair()

    def __enter__(self) -> Self:
        for end in (self._reading, self._writing):
            end.setblocking(False)
        signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        for number in HANDLED:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, _nothing)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(-1)
        self._reading.close()
        self._writing.close()

    def fileno(self) -> int:
        return self._reading.fileno()

    def received(self) -> list[int]:
        """The numbers since the last call, in order."""
        try:
            return list(self._reading.recv(4096))
        except BlockingIOError:
            return []


def _nothing(number: int, frame: FrameType | None) -> None:
    """A handler must exist, else the interpreter does not write to the wake-up descriptor."""
