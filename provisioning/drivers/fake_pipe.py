"""What the far ends of streams in memory have in common: bytes that are put in and waited for."""

from __future__ import annotations

import threading


class FakePipe:
    """``show`` from any thread; ``recv`` waits for it, and answers nothing once all is over."""

    def __init__(self) -> None:
        self.closed = False
        self._kept = b""
        self._more = threading.Condition()

    def show(self, data: bytes) -> None:
        with self._more:
            self._kept += data
            self._more.notify_all()

    def recv(self, size: int, *, timeout_s: float) -> bytes:
        with self._more:
            if not self._more.wait_for(lambda: self._kept or self._is_over(), timeout_s):
                raise TimeoutError
            if self.closed:
                return b""
            data, self._kept = self._kept[:size], self._kept[size:]
            return data

    def answers(self, *, timeout_s: float = 4.0) -> bool:
        return not self.closed

    def close(self) -> None:
        with self._more:
            self.closed = True
            self._more.notify_all()

    def _is_over(self) -> bool:
        return self.closed
