"""A container's log for as long as somebody follows it, whatever becomes of its way there.

Cut connections, restarts of the container and of Docker: reading goes on behind the last line.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import DockerApi
from provisioning.drivers.log_cursors import NEAR_LINES, Cursor, NoCursor, Resuming
from provisioning.drivers.log_lines import Line, LogStream
from provisioning.logs.bounded import LastLines

SILENCE_S: Final = 15.0  # then the host is asked whether it is still there
SETTLED_S: Final = 1.0  # of silence: Docker has sent all it had
LOOK_S: Final = 1.0  # between two looks whether the container runs again
RETRY_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_RUNS: Final = {"running", "paused", "restarting"}


@dataclass(frozen=True, slots=True)
class Backlog:
    """What was there when following began; ``dropped`` more did not fit."""

    lines: list[Line]
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What comes is read as it comes, from now on or again."""


@dataclass(frozen=True, slots=True)
class More:
    """The next lines. ``missed``: some before may be lost, as the log was cut off meanwhile."""

    lines: list[Line]
    missed: bool = False


@dataclass(frozen=True, slots=True)
class Stopped:
    """The container does not run; its log goes on when it starts again."""

    state: str
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Started:
    """It runs again."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """It cannot be read now; it is tried again."""

    error: DriverError


@dataclass(frozen=True, slots=True)
class Gone:
    """The container was removed: nothing more comes."""


News = Backlog | Reading | More | Stopped | Started | Trouble | Gone


class Following:
    """Iterate ``news`` in one thread; ``close`` may be called from any other.

    ``docker`` is asked for anew with each try, as the way to a host may change. Begins with the
    last ``tail`` lines of what comes from ``since_ns`` on, as far as they fit.
    """

    def __init__(
        self, docker: Callable[[], DockerApi], docker_id: str, *,
        tail: int | None = None, since_ns: int | None = None,
        max_lines: int, max_bytes: int,
    ) -> None:  # fmt: skip
        self._docker, self._docker_id = docker, docker_id
        self._tail, self._since_ns = tail, since_ns
        self._max_lines = max_lines if tail is None else min(tail, max_lines)
        self._max_bytes = max_bytes
        self._cursor: Cursor | None = None
        self._closed = threading.Event()
        self._stream: LogStream | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            self._closed.set()
            if self._stream is not None:
                self._stream.close()

    def news(self) -> Iterator[News]:
        """Ends after ``close`` and after `Gone`."""
        failures, began = 0, False
        while not self._closed.is_set():
            try:
                if not began:
                    yield self._backlog()
                    began = True
                for each in self._read_on():
                    failures = 0
                    yield each
                if not self._closed.is_set():
                    yield from self._until_it_runs()
            except DriverError as error:
                if self._closed.is_set():
                    return
                if error.code == "not_found":
                    yield Gone()
                    return
                yield Trouble(error)
                self._closed.wait(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1

    def _backlog(self) -> Backlog:
        kept = LastLines(max_lines=self._max_lines, max_bytes=self._max_bytes)
        # One more than is wanted: it tells whether the first has others of its time before it.
        for lines in self._now(since_ns=self._since_ns, tail=self._max_lines + 1):
            kept.add(lines)
        if self._cursor is None and self._since_ns is not None:
            for _ in self._now(since_ns=None, tail=NEAR_LINES):
                pass  # the place to go on from is before
        return Backlog(kept.lines(), kept.dropped)

    def _now(self, *, since_ns: int | None, tail: int) -> Iterator[list[Line]]:
        with _Opened(self, follow=False, since_ns=since_ns, tail=tail) as stream:
            while not stream.ended:
                lines = stream.read(timeout_s=SILENCE_S)
                if not lines and not stream.ended and not stream.answers():
                    raise _silent()
                self._note(lines)
                yield lines

    def _note(self, lines: list[Line]) -> None:
        if lines:
            self._cursor = Cursor.of(lines[-1])
            try:
                Resuming(self._cursor).since_ns  # noqa: B018  (asked for only to see that it can)
            except NoCursor:
                raise DriverError("The log has no times that can be read", "garbage") from None

    def _read_on(self, *, follow: bool = True) -> Iterator[Reading | More]:
        """Docker finds the end of a log at once, and a time in it only by reading all before."""
        if self._cursor is None:
            yield from self._read_behind(None, follow=follow, tail=None)
            return
        try:
            yield from self._read_behind(Resuming(self._cursor), follow=follow, tail=NEAR_LINES)
        except _NotNear:
            yield from self._read_behind(Resuming(self._cursor), follow=follow, tail=None)

    def _read_behind(
        self, resuming: Resuming | None, *, follow: bool, tail: int | None
    ) -> Iterator[Reading | More]:
        """Raises _NotNear, when there is a ``tail``, before anything is told."""
        since_ns = self._since_ns if resuming is None else resuming.since_ns
        with _Opened(self, follow=follow, since_ns=since_ns, tail=tail) as stream:
            heard, silent_s = False, 0.0
            told = not follow
            if not told and tail is None:
                told = True
                yield Reading()
            while not stream.ended:
                timeout_s = SILENCE_S if resuming is None else SETTLED_S
                lines = stream.read(timeout_s=timeout_s)
                heard = heard or bool(lines)
                silent_s = 0.0 if lines or stream.ended else silent_s + timeout_s
                if silent_s >= SILENCE_S:
                    if not stream.answers():
                        raise _silent()
                    silent_s = 0.0
                missed = False
                if resuming is not None and (lines or heard or tail or stream.ended):
                    lines = resuming.take(lines) if lines else resuming.give_up()
                    if resuming.missed and tail is not None:
                        raise _NotNear
                    missed, resuming = resuming.missed, None if resuming.done else resuming
                if not told and resuming is None:
                    told = True
                    yield Reading()
                if lines:
                    self._note(lines)
                    yield More(lines, missed)

    def _until_it_runs(self) -> Iterator[News]:
        """After the end of a stream. What was said in a short run in between is read as well.

        Docker may end a stream whose container has stopped before it has sent all of the log.
        """
        before = self._docker().container(self._docker_id)
        if before.state in _RUNS:
            self._closed.wait(RETRY_S[0])
            return
        yield from self._read_on(follow=False)
        yield Stopped(before.state, before.exit_code)
        while not self._closed.wait(LOOK_S):
            now = self._docker().container(self._docker_id)
            if now.state in _RUNS or now.started_at != before.started_at:
                yield Started()
                return


class _NotNear(Exception):
    """The place to go on from is not among the last lines of the log."""


class _Opened:
    """A stream that ``close`` knows of."""

    def __init__(
        self, following: Following, *, follow: bool, since_ns: int | None, tail: int | None
    ) -> None:
        self._following = following
        self._stream = following._docker().log_stream(
            following._docker_id, follow=follow, since_ns=since_ns, tail=tail
        )

    def __enter__(self) -> LogStream:
        with self._following._lock:
            self._following._stream = self._stream
            if self._following._closed.is_set():
                self._stream.close()
        return self._stream

    def __exit__(self, *_: object) -> None:
        with self._following._lock:
            self._following._stream = None
        self._stream.close()


def _silent() -> DriverError:
    return DriverError("The host does not answer any more", "link_lost")
