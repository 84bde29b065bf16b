"""Watches a lab's process and takes the lab down when that process ends without having done so.

Started by the lab as `python -m tests.lab.keeper SLOT`; ended by the lab when it stops by itself.
"""

import os
import select
import subprocess
import sys
from pathlib import Path

from tests.lab.process import Process
from tests.lab.registry import Record, locked, records, take_down

PROJECT = Path(__file__).parents[2]


def start_keeper(record: Record) -> subprocess.Popen[bytes]:
    """Start the keeper of `record`. A session of its own lets it outlive a closed terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.lab.keeper", str(record.slot)],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_end(process: Process) -> None:
    """Return when `process` has ended, at once if it has already."""
    try:
        watched = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    if process.alive():
        select.select([watched], [], [])
    os.close(watched)


def keep(slot: int) -> None:
    owner = next(record.owner for record in records() if record.slot == slot)
    wait_end(owner)
    with locked():
        for record in records():
            if record.slot == slot and record.owner == owner:
                take_down(record)


if __name__ == "__main__":
    keep(int(sys.argv[1]))
