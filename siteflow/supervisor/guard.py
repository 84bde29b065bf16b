"""A second small process that cleans up when the supervisor is killed.

The kernel's parent-death signal reaches only direct children (prctl(2)), not what those started.
So the guard holds the reading end of a pipe: when the supervisor is gone in whatever way, the pipe
ends, and the guard ends all that is left. It holds the data folder's lock until that is done.
"""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import suppress
from typing import Final

from siteflow.supervisor import sweep

PARTING_S: Final = 1.0  # for those whom the parent-death signal told to end
_PR_SET_NAME: Final = 15
_PR_SET_PDEATHSIG: Final = 1
_libc = ctypes.CDLL(None)


def end_with_parent(parent: int) -> None:
    """To be called in a new child: SIGTERM when ``parent`` is gone; at once if it is already."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


class Guard:
    """``mark`` is what all children's marks begin with. Start it before any thread exists."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._sessions: set[int] = set()
        self._start()

    def _start(self) -> None:
        reading, self._pipe = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _keep_watch(reading, self._pipe, self._mark, self._sessions)
        os.close(reading)

    def add(self, session: int) -> None:
        self._sessions.add(session)
        self._tell(f"+{session}\n")

    def remove(self, session: int) -> None:
        self._sessions.discard(session)
        self._tell(f"-{session}\n")

    def renew_if_dead(self) -> bool:
        """Whether it had died; there is a new one then."""
        if os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            return False
        os.close(self._pipe)
        self._start()
        return True

    def dismiss(self) -> None:
        """Let it look for leftovers a last time and wait for its end."""
        os.close(self._pipe)
        os.waitpid(self.pid, 0)

    def _tell(self, line: str) -> None:
        with suppress(BrokenPipeError):  # dead: renew_if_dead() makes one that knows all sessions
            os.write(self._pipe, line.encode())


def _keep_watch(reading: int, writing: int, mark: str, sessions: set[int]) -> None:
    """The guard's whole life; never returns."""
    try:
        os.setsid()
        _libc.prctl(_PR_SET_NAME, b"siteflow-guard")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_IGN)
        os.close(writing)
        _let_go_of_the_terminal()
        _follow(reading, sessions)
        sweep.wait_gone(sessions=sessions, mark=mark, timeout_s=PARTING_S)
        sweep.kill(sessions=sessions, mark=mark)
    finally:
        os._exit(0)


def _let_go_of_the_terminal() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)


def _follow(reading: int, sessions: set[int]) -> None:
    with os.fdopen(reading) as lines:
        for line in lines:
            if line.startswith("+"):
                sessions.add(int(line[1:]))
            else:
                sessions.discard(int(line[1:]))
