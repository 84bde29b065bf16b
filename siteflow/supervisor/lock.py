"""One supervisor per data folder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

from siteflow.supervisor import sweep

SWEEP_WAIT_S: Final = 5.0  # a killed supervisor's guard still cleans up and holds the lock


class AlreadyServed(Exception):
    """Another supervisor has the folder; the message says which."""


@contextmanager
def lock(data_dir: Path, *, only: Sequence[str] = ()) -> Iterator[None]:
    """Have the folder for as long as this is entered. Raises AlreadyServed, OSError.

    A supervisor of everything shares the folder with nobody; those of single roles (``only``)
    share it with each other, but no worker and no monitor runs twice.
    """
    run = data_dir / "run"
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as held:
        how = fcntl.LOCK_SH if only else fcntl.LOCK_EX
        held.enter_context(_locked(run / "serve.lock", how))
        for role in only:
            if role != "web":
                held.enter_context(_locked(run / f"serve-{role}.lock", fcntl.LOCK_EX))
        yield


def _locked(path: Path, how: int) -> IO[str]:
    file = path.open("a+")
    deadline = time.monotonic() + SWEEP_WAIT_S
    while not _try(file, how):
        holder = _pid_in(file)
        if sweep.is_alive(holder) or time.monotonic() > deadline:
            file.close()
            raise AlreadyServed(f"Another SiteFlow (process {holder}) runs on {path.parent.parent}")
        time.sleep(0.05)  # what is left of a killed one holds the lock until it is swept
    if how == fcntl.LOCK_EX:
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
    return file


def _try(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid_in(file: IO[str]) -> int:
    file.seek(0)
    text = file.read()
    return int(text) if text.isdigit() else 0
