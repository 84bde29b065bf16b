"""One container's log, read once in this process for all who follow it.

A thread reads; everything else happens in the event loop. Reading waits while nobody has taken
what came, so a client that is alone gets all of it at its own pace; it does not wait for those who
are slower than others, who are told what they missed.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol

from monitoring.logs.ring import Ring
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import DockerApi
from provisioning.drivers.log_lines import Line
from provisioning.logs.following import (
    Backlog,
    Following,
    Gone,
    More,
    News,
    Reading,
    Started,
    Stopped,
    Trouble,
)

logger = logging.getLogger(__name__)

BACKLOG_LINES: Final = 1_000  # read when following begins, unless somebody wants more
MAX_LINES: Final = 20_000
ROOM_BYTES: Final = 2 * 1024 * 1024  # by which the quickest may be behind
HANDED_BYTES: Final = 256 * 1024  # read, and not yet in the ring
STALL_S: Final = 5.0  # then reading goes on although nobody takes anything
PAUSE_S: Final = 0.02  # between two rounds of sending
PAUSE_PER_FOLLOWER_S: Final = 0.0001


class Follows(Protocol):
    """Who follows: ``index`` is the piece it has not got yet. ``wake`` must not wait."""

    index: int

    def wake(self) -> None: ...


class SharedLog:
    """``begun`` is true once the backlog is there; until then ``trouble`` says why it is not."""

    def __init__(
        self, docker: Callable[[], DockerApi], docker_id: str, container: int, *,
        since_ns: int | None = None,
    ) -> None:  # fmt: skip
        self.container, self.docker_id, self.docker = container, docker_id, docker
        self.ring = Ring()
        self.begun = False
        self.trouble: dict[str, Any] | None = None
        self.whole = False  # the ring began with the log's first line
        self.gone = False
        self.followers: set[Follows] = set()
        self._loop = asyncio.get_running_loop()
        self._incoming: list[Line] = []
        self._incoming_bytes = 0
        self._told_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._room = threading.Event()
        self._room.set()
        self._stalled = False
        self._closed = False
        self._tail = BACKLOG_LINES if since_ns is None else None
        self._following = Following(
            docker, docker_id, tail=self._tail, since_ns=since_ns,
            max_lines=MAX_LINES, max_bytes=self.ring.max_bytes // 2,
        )  # fmt: skip
        name = f"log-{container}"
        self._thread = threading.Thread(target=self._read, name=name, daemon=True)
        self._thread.start()

    # -- the reading thread ------------------------------------------------------------------

    def _read(self) -> None:
        try:
            for news in self._following.news():
                self._wait_for_room()
                self._room.clear()  # until the loop has taken it and finds that there is some
                self._hand_over(news)
        except Exception:  # our own fault: who follows is not left waiting for it
            logger.exception("The log of container %s is not read any more", self.container)
            words = "SiteFlow itself failed; its own log says why."
            self._hand_over(Trouble(DriverError(words, "garbage")))

    def _hand_over(self, news: News) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._take, news)

    def _wait_for_room(self) -> None:
        if not self._room.wait(0.0 if self._stalled else STALL_S):
            self._stalled = True

    # -- the event loop ----------------------------------------------------------------------

    def _take(self, news: News) -> None:
        if self._closed:
            return
        if isinstance(news, Backlog):
            self.whole = self._tail is not None and len(news.lines) < self._tail
            self.whole = self.whole and not news.dropped
            self.ring.add(news.lines)
            self.begun = True
        elif isinstance(news, More) and not news.missed:
            self._incoming += news.lines
            self._incoming_bytes += sum([len(line.text) for line in news.lines])
            self._schedule()
            return
        else:
            self._put()
            self._tell(news)
        self.wake()

    def _tell(self, news: News) -> None:
        if isinstance(news, Reading):
            if self.trouble is not None:
                self.trouble = None
                self.ring.tell({"type": "reading"})
        elif isinstance(news, More):
            self.ring.tell({"type": "gap"})
            self.ring.add(news.lines)
        elif isinstance(news, Gone):
            self.gone = True
            self.ring.tell({"type": "gone"})
            self.begun = True
        elif isinstance(news, Stopped):
            self.ring.tell({"type": "stopped", "state": news.state, "exit_code": news.exit_code})
        elif isinstance(news, Started):
            self.ring.tell({"type": "started"})
        elif isinstance(news, Trouble):
            self.trouble = {"type": "trouble", **trouble(news.error)}
            if self.begun:
                self.ring.tell(self.trouble)

    def _schedule(self) -> None:
        """Lines are sent at once after silence, else gathered for a moment."""
        self._check_room()
        if self._incoming_bytes >= HANDED_BYTES // 4:
            self._flush()
        elif self._timer is None:
            pause_s = PAUSE_S + PAUSE_PER_FOLLOWER_S * len(self.followers)
            self._timer = self._loop.call_at(self._told_at + pause_s, self._flush)

    def _flush(self) -> None:
        self._put()
        self.wake()

    def _put(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._incoming, self._incoming_bytes = self._incoming, [], 0
        self._told_at = self._loop.time()
        self.ring.add(lines)

    def wake(self) -> None:
        for follower in self.followers:
            follower.wake()
        self._check_room()

    def taken(self) -> None:
        """A follower has got on."""
        if not self._room.is_set() or self._stalled:
            self._stalled = False
            self._check_room()

    def _check_room(self) -> None:
        behind = self.ring.bytes_behind
        quick = not self.followers or any(behind(one.index) < ROOM_BYTES for one in self.followers)
        if quick and self._incoming_bytes < HANDED_BYTES:
            self._room.set()
        else:
            self._room.clear()

    def close(self) -> None:
        """The thread ends by itself. May be called twice."""
        self._closed = True
        self._room.set()
        if self._timer is not None:
            self._timer.cancel()
        # A connection that hangs does not hold up the loop.
        threading.Thread(target=self._following.close, name="end-log", daemon=True).start()

    @property
    def reads(self) -> bool:
        return self._thread.is_alive()


def trouble(error: DriverError) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "advice": error.advice}
