"""Tells which monitors of this machine died without a word, so that nobody waits for their leases.

Each holds a lock on a file of its own (flock(2)), which the kernel lets go of with the process.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from django.conf import settings

_SUFFIX: Final = ".monitor"


def folder() -> Path:
    return Path(settings.DATA_DIR) / "run" / "monitors"


class Lifeline:
    """Held from its making until ``close``, or until the process ends in whatever way."""

    def __init__(self, name: str) -> None:
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = folder() / f"{name}{_SUFFIX}"
        unfinished = self._path.with_suffix(".new")
        self._file = unfinished.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        unfinished.rename(self._path)  # only now can others find it: it is never seen unlocked

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()


def bury(give_back: Callable[[str], object]) -> list[str]:
    """Calls ``give_back`` with the name of each monitor that died here; returns the names.

    When that raises, the file stays, and it is done again at the next call.
    """
    dead = []
    for path in sorted(folder().glob(f"*{_SUFFIX}")):
        with suppress(FileNotFoundError), path.open("r+") as file:
            if _is_free(file):
                name = path.name.removesuffix(_SUFFIX)
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
