"""Find and kill what a process left behind.

A descendant is known by its session (setsid(2) by us at the start), or, if it made a session of
its own, by a mark in the environment that it inherited (proc(5)).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

MARK: Final = "SITEFLOW_SERVED_BY"
KILL_WAIT_S: Final = 2.0
_PROC: Final = Path("/proc")


def find(*, sessions: Collection[int], mark: str) -> list[int]:
    """The living processes of one of the ``sessions`` or whose mark begins with ``mark``."""
    wanted = f"{MARK}={mark}".encode()
    pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    return [p for p in pids if p != os.getpid() and _is_one(p, sessions, wanted)]


def kill(*, sessions: Collection[int], mark: str) -> int:
    """Kill them all, also those that appear meanwhile, and wait until they are gone.

    Returns how many there were. Gives up after two seconds on one that cannot be killed (a disk
    or network file system that does not answer).
    """
    killed: set[int] = set()
    deadline = time.monotonic() + KILL_WAIT_S
    while (found := find(sessions=sessions, mark=mark)) and time.monotonic() < deadline:
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed.update(found)
        time.sleep(0.01)  # nothing tells of the end of processes that are not our children
    return len(killed)


def wait_gone(*, sessions: Collection[int], mark: str, timeout_s: float) -> None:
    """Give them the time to end by themselves."""
    deadline = time.monotonic() + timeout_s
    while find(sessions=sessions, mark=mark) and time.monotonic() < deadline:
        time.sleep(0.05)  # as above


def is_alive(pid: int) -> bool:
    """A zombie is not."""
    return _state_and_session(pid)[0] not in "ZX"


def _is_one(pid: int, sessions: Collection[int], wanted: bytes) -> bool:
    state, session = _state_and_session(pid)
    return state not in "ZX" and (session in sessions or _is_marked(pid, wanted))


def _state_and_session(pid: int) -> tuple[str, int]:
    """Fields 3 and 6 of /proc/pid/stat (proc(5)); of a process that is gone ("X", 0)."""
    with suppress(OSError):
        fields = (_PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0], int(fields[3])
    return "X", 0


def _is_marked(pid: int, wanted: bytes) -> bool:
    with suppress(OSError):  # it has ended meanwhile, or is somebody else's
        environment = (_PROC / f"{pid}/environ").read_bytes()
        return environment.startswith(wanted) or b"\0" + wanted in environment
    return False
