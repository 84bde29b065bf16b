"""What each lab of this machine has started, on record from the moment it is started.

One JSON file per lab in STATE. A lab whose process was killed is found here and taken down by the
next one to start (or by its keeper); nothing that is not on record is ever touched.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from tests.lab.command import LabError, wait_until
from tests.lab.namespaces import end_holder
from tests.lab.network import Network
from tests.lab.process import Process

STATE = Path("/run/siteflow-lab")
CGROUPS = Path("/sys/fs/cgroup")
CGROUP = "/siteflow-lab"  # of all labs; removed with the last one
SLOTS = range(1, 255)


@dataclass
class Record:
    slot: int
    owner: Process
    directory: str
    keeper: Process | None = None
    holders: list[Process] = field(default_factory=list)

    @property
    def network(self) -> Network:
        return Network(self.slot)

    @property
    def cgroup(self) -> str:
        """Where the Engines of this lab put their containers, below each controller's root."""
        return f"{CGROUP}/{self.slot}"

    @property
    def file(self) -> Path:
        return STATE / f"{self.slot}.json"

    def save(self) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(asdict(self)))
        new.replace(self.file)

    @classmethod
    def load(cls, file: Path) -> "Record":
        stored = json.loads(file.read_text())
        stored["owner"] = Process(**stored["owner"])
        stored["keeper"] = Process(**stored["keeper"]) if stored["keeper"] else None
        stored["holders"] = [Process(**holder) for holder in stored["holders"]]
        return cls(**stored)


@contextmanager
def locked() -> Iterator[None]:
    """Hold the registry alone; it exists only while there is a lab."""
    folder = _lock_folder()
    try:
        yield
    finally:
        with suppress(OSError):
            STATE.rmdir()
        os.close(folder)


def _lock_folder() -> int:
    while True:
        STATE.mkdir(mode=0o700, exist_ok=True)
        try:
            folder = os.open(STATE, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        fcntl.flock(folder, fcntl.LOCK_EX)
        if STATE.exists() and os.fstat(folder).st_ino == STATE.stat().st_ino:
            return folder
        os.close(folder)  # removed by the last holder of the lock: take the new one


def records() -> list[Record]:
    """Of all labs on this machine, running or left behind, in the order of their slots."""
    files = sorted(STATE.glob("*.json"), key=lambda file: int(file.stem))
    return [Record.load(file) for file in files]


def register(*, parent: Path) -> Record:
    """A new record with a slot that is nobody's and a new folder below `parent`.

    Takes down what killed labs have left first.
    """
    with locked():
        for record in records():
            if not record.owner.alive():
                take_down(record)
        taken = {record.slot for record in records()}
        free = (slot for slot in SLOTS if slot not in taken and Network(slot).is_free())
        slot = next(free, None)
        if slot is None:
            raise LabError(f"no free network: all of {Network(1).all_addresses} to 254 are in use")
        directory = tempfile.mkdtemp(prefix="siteflow-lab-", dir=parent)
        record = Record(slot, Process.of(os.getpid()), directory)
        record.save()
        return record


def take_down(record: Record) -> None:
    """End and remove everything on the record, then the record itself. May be done again."""
    for holder in record.holders:
        end_holder(holder)
    record.network.remove()
    _remove_cgroups(record.cgroup)
    if Path(record.directory).exists():
        shutil.rmtree(record.directory)
    record.file.unlink(missing_ok=True)
    if not records():
        _remove_cgroups(CGROUP)
    if record.keeper and record.keeper.pid != os.getpid():
        record.keeper.kill()


def _remove_cgroups(cgroup: str) -> None:
    # Version 1: one hierarchy per controller; version 2: one for all.
    for top in [CGROUPS, *CGROUPS.iterdir()]:
        own = top / cgroup.lstrip("/")
        if own.is_dir():
            wait_until(partial(_rmdir_tree, own), what=f"{own} is empty")


def _rmdir_tree(folder: Path) -> bool:
    """Remove a cgroup and those below it; False while one of them still has a process."""
    below = [Path(entry) for entry in folder.iterdir() if entry.is_dir()]
    for child in below:
        _rmdir_tree(child)
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
