"""Docker's event stream, one JSON object a line, read for as long as it lasts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

from provisioning.drivers.errors import DriverError
from provisioning.drivers.raw_http import Query, RawStream

_MAX_LINE_BYTES = 1024 * 1024
_MAX_TAKEN = 1000
TYPES = ("container", "image", "volume", "network", "daemon")


def events_query(since: float) -> Query:
    """What asks for events of all that is on a host from ``since`` on, in seconds since the epoch.

    Docker keeps the last 256 events to answer from.
    """
    return {"since": f"{since:.9f}", "filters": json.dumps({"type": list(TYPES)})}


class DockerEvents:
    """EventStream. Iterate in one thread; ``close`` may be called from any other."""

    def __init__(self, stream: RawStream, *, who: str, timeout_s: float) -> None:
        self._stream = stream
        self._who = who
        self._timeout_s = timeout_s
        self._buffer = b""
        self._closed = threading.Event()
        self._skipping = False  # the rest of a line that is too long

    def __iter__(self) -> Iterator[dict[str, Any] | None]:
        """Events as they come, None after each silent ``timeout_s``.

        Ends after ``close``; raises DriverError link_lost when the connection ends before.
        """
        while not self._closed.is_set():
            yield from self._complete_lines()
            try:
                self._receive(self._timeout_s)
            except TimeoutError:
                # Silence is normal on a quiet host; only a request tells it from a dead one.
                if not self._closed.is_set() and not self.answers():
                    raise self._ended() from None
                yield None

    def take(self, *, timeout_s: float) -> list[dict[str, Any]]:
        """What has come by now, at once; else what comes first within ``timeout_s`` seconds.

        In place of what cannot be read there is an empty event: whoever starts a container can
        make its events unreadable, which must not end the stream. Nothing after silence and after
        ``close``; raises when the connection ended. Asks the host nothing: see ``answers``.
        """
        found = list(self._readable_lines())
        while not self._closed.is_set() and len(found) < _MAX_TAKEN:
            try:
                self._receive(0.0 if found else timeout_s)
            except TimeoutError:
                break
            except DriverError:
                if not found:
                    raise
                break  # the next call meets the end again
            found += self._readable_lines()
        return found

    def answers(self) -> bool:
        """Whether the other side of a silent stream still answers; asks it, at most 4 s."""
        return self._stream.answers()

    def _complete_lines(self) -> Iterator[dict[str, Any]]:
        while b"\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\n")
            yield from self._parsed(line)
        if len(self._buffer) > _MAX_LINE_BYTES:
            raise self._garbage()

    def _readable_lines(self) -> Iterator[dict[str, Any]]:
        while b"\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\n")
            if self._skipping:
                self._skipping = False
                continue
            try:
                yield from self._parsed(line)
            except DriverError:
                yield {}
        if len(self._buffer) > _MAX_LINE_BYTES and not self._skipping:
            self._skipping = True
            yield {}
        if self._skipping:
            self._buffer = b""

    def _receive(self, timeout_s: float) -> None:
        data = self._stream.recv(65536, timeout_s=timeout_s)
        if not data and not self._closed.is_set():
            raise self._ended()
        self._buffer += data

    def _parsed(self, line: bytes) -> Iterator[dict[str, Any]]:
        if not line.strip():
            return
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            raise self._garbage() from None
        if not isinstance(event, dict):
            raise self._garbage()
        yield event

    def _garbage(self) -> DriverError:
        return DriverError(f"{self._who}: Docker's events cannot be read", "garbage")

    def _ended(self) -> DriverError:
        return DriverError(f"{self._who}: Docker's event stream ended", "link_lost")

    def close(self) -> None:
        """End it now: the channel and the process on the host go away at once."""
        self._closed.set()
        self._stream.close()
