"""Tells which processes of this machine died without a word, so that nobody waits for their leases.

Each holds a lock on a file of its own (flock(2)), which the kernel lets go of with the process.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from django.conf import settings

MONITOR: Final = "monitor"
TERMINAL: Final = "terminal"  # a web process in which some were opened


def folder(kind: str) -> Path:
    return Path(settings.DATA_DIR) / "run" / f"{kind}s"


class Lifeline:
    """Held from its making until ``close``, or until the process ends in whatever way."""

    def __init__(self, name: str, *, kind: str) -> None:
        folder(kind).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = folder(kind) / f"{name}.{kind}"
        unfinished = self._path.with_suffix(".new")
        self._file = unfinished.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        unfinished.rename(self._path)  # only now can others find it: it is never seen unlocked

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()


def bury(kind: str, give_back: Callable[[str], object]) -> list[str]:
    """Calls ``give_back`` with the name of each of a kind that died here; returns the names.

    When that raises, the file stays, and it is done again at the next call.
    """
    dead = []
    for path in sorted(folder(kind).glob(f"*.{kind}")):
        with suppress(FileNotFoundError), path.open("r+") as file:
            if _is_free(file):
                name = path.name.removesuffix(f".{kind}")
                give_back(name)
                path.unlink(missing_ok=True)
                dead.append(name)
    return dead


def _is_free(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
