"""A role kept running: one life of its process after another, with growing pauses between.

All times are of ``time.monotonic()`` and passed in.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
from contextlib import suppress
from functools import partial
from typing import IO, Final, NamedTuple, cast

from siteflow.supervisor import sweep
from siteflow.supervisor.console import Lines
from siteflow.supervisor.guard import end_with_parent
from siteflow.supervisor.roles import Role

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
STEADY_S: Final = 60.0  # who lived this long begins again with the first pause
READ_SIZE: Final = 65_536


class Remains(NamedTuple):
    ending: str
    lines: list[str]
    orphans: int


class Life:
    """A started process, leader of a session of its own. Raises OSError when it cannot be run.

    Start it from the main thread only: the parent-death signal comes when the starting thread
    ends (prctl(2)).
    """

    def __init__(self, role: Role, *, mark: str, now: float) -> None:
        self.started_at, self.kill_at = now, math.inf
        self.is_killed = False
        self._grace_s, self._mark = role.grace_s, mark
        self._lines = Lines()
        own = {sweep.MARK: mark, "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(  # noqa: S603  (fixed command lines, see roles.py)
            role.argv,
            cwd=role.cwd,
            env={**os.environ, **role.environment, **own},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=partial(end_with_parent, os.getpid()),
        )
        self._stream = cast("IO[bytes]", self._process.stdout)
        self.pid, self.output = self._process.pid, self._stream.fileno()
        os.set_blocking(self.output, False)

    @property
    def is_asked_to_end(self) -> bool:
        return self.kill_at != math.inf

    def read(self) -> list[str] | None:
        """The whole lines that have come; None when the stream is over."""
        data = self._read_some()
        return None if data == b"" else self._lines.feed(data or b"")

    def ask_to_end(self, now: float) -> None:
        """SIGTERM to the process itself, which ends its own; past ``kill_at`` all are killed."""
        if not self.is_asked_to_end:
            self.kill_at = now + self._grace_s
            self._process.terminate()

    def kill(self) -> None:
        self.is_killed = True
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def bury(self) -> Remains:
        """Once it has ended: kill what it left behind, and keep its last words."""
        orphans = sweep.kill(sessions={self.pid}, mark=self._mark)
        lines: list[str] = []
        while data := self._read_some():
            lines += self._lines.feed(data)
        lines += self._lines.end()
        self._stream.close()
        return Remains(_ending(self._process.returncode), lines, orphans)

    def _read_some(self) -> bytes | None:
        """Nothing at all at the end of the stream, None when there is nothing now."""
        try:
            return os.read(self.output, READ_SIZE)
        except BlockingIOError:
            return None


class Child:
    """A role, its present life if there is one, and when the next may begin."""

    def __init__(self, role: Role, *, token: str) -> None:
        self.role = role
        self.life: Life | None = None
        self.start_at = -math.inf
        self._mark = f"{token}/{role.name}"
        self._failures = 0

    def start(self, now: float) -> Life:
        """Raises OSError, or subprocess.SubprocessError; the next try is planned then."""
        try:
            self.life = Life(self.role, mark=self._mark, now=now)
        except (OSError, subprocess.SubprocessError):
            self._plan_next(now)
            raise
        return self.life

    def bury(self, life: Life, now: float) -> Remains:
        if now - life.started_at >= STEADY_S:
            self._failures = 0
        if life.is_asked_to_end:
            self.start_at = now
        else:
            self._plan_next(now)
        self.life = None
        return life.bury()

    def _plan_next(self, now: float) -> None:
        self.start_at = now + pause_s(self._failures)
        self._failures += 1


def pause_s(failures: int) -> float:
    """How long to wait before the next start, after that many short lives in a row."""
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures, 10))


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was killed by {signal.Signals(-code).name}"
