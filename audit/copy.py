"""The second copy: a JSON line per entry in DATA_DIR/audit/audit-YYYY-MM.jsonl, once committed.

It is written after the commit and never fails a request: what could not be written (disk full, a
crash in between) is added by the next entry, at the start of SiteFlow and by the clean-up. Lines
are in the order of the chain, so its last line says up to where the copy reaches. Shipped off the
machine, it is the check-point that shows a cut tail or a chain that was computed anew.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from audit.hashing import canonical_json, portable
from audit.models import Entry, Head

logger = logging.getLogger(__name__)

BATCH = 200
LOCK_WAIT_S = 1.0
_READ_BLOCK = 16_384


class CopyError(Exception):
    """The copy cannot be continued; `message` says why and what to do."""

    code = "audit_copy_failed"
    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Mark:
    """An entry as the copy knows it."""

    id: int
    hash: str


def folder() -> Path:
    return Path(settings.DATA_DIR) / "audit"


def files() -> list[Path]:
    """The copy's files, oldest first."""
    return sorted(folder().glob("audit-*.jsonl"))


def line_of(values: dict[str, Any]) -> bytes:
    """An entry as one line: what was hashed, and the hash."""
    return canonical_json({**portable(values), "hash": values["hash"]}).encode("ascii") + b"\n"


def follow() -> None:
    """Add what was committed since the last line. For `on_commit`: logs instead of raising."""
    try:
        with _locked():
            _append_missing(limit=BATCH)
    except (OSError, CopyError) as error:
        logger.error("audit copy not written, it is behind the database: %s", error)


def sync() -> int:
    """Add everything that is missing; how many lines that were. Raises OSError or CopyError."""
    total = 0
    with _locked():
        while written := _append_missing(limit=BATCH):
            total += written
    return total


def remake() -> tuple[Path, int]:
    """Set the present files aside and write the copy anew: the folder they are in, and lines."""
    aside = folder() / f"replaced-{timezone.now():%Y%m%dT%H%M%S%f}"
    with _locked():
        aside.mkdir(mode=0o700)
        for path in files():
            path.rename(aside / path.name)
    return aside, sync()


def last_mark() -> Mark | None:
    """The last whole line, None if there is no copy. Raises CopyError when it cannot be read."""
    for path in reversed(files()):
        with path.open("rb") as file:
            line = _last_line(file.fileno())
        if line:
            return _mark(line, path)
    return None


def marks() -> Iterator[Mark]:
    """All lines of the copy, oldest first."""
    for path in files():
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield _mark(line, path)


@contextmanager
def _locked() -> Iterator[None]:
    """One writer at a time, on this machine. Gives up when the lock's holder seems frozen."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder() / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        _wait_for(lock, time.monotonic() + LOCK_WAIT_S)
        yield
    finally:
        os.close(lock)


def _wait_for(lock: int, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.002)  # flock has no time-out of its own


def _append_missing(*, limit: int) -> int:
    mark = last_mark()
    missing = list(Entry.objects.filter(id__gt=mark.id if mark else 0).order_by("id")[:limit])
    if mark:
        _refuse_other_chain(mark, missing)
    for path, entries in groupby(missing, _path_for(files()[-1:])):
        _write(path, [line_of(vars(entry)) for entry in entries])
    return len(missing)


def _refuse_other_chain(mark: Mark, missing: list[Entry]) -> None:
    """A copy is only continued by the chain it is of; else it would hide that there are two."""
    if not missing:
        head = Head.objects.first()
        fits = head is not None and mark.id <= head.seq
    else:
        # A gap is right only where the clean-up came before the copy.
        fits = missing[0].id > mark.id + 1 or missing[0].prev_hash == mark.hash
    if not fits:
        raise CopyError(
            f"it ends with entry {mark.id}, which the database does not continue (an older dump "
            "was restored, or entries were changed): run `manage.py audit verify`, then "
            "`manage.py audit export --remake-copy`"
        )


def _path_for(newest: list[Path]) -> Callable[[Entry], Path]:
    """The file of an entry's month, but never one before the newest: a clock may be set back."""

    def path_for(entry: Entry) -> Path:
        newest[:] = [max([folder() / f"audit-{entry.at:%Y-%m}.jsonl", *newest])]
        return newest[0]

    return path_for


def _write(path: Path, lines: list[bytes]) -> None:
    file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        end = _end_of_last_line(file)
        os.ftruncate(file, end)  # what a crash in the middle of a line left behind
        for line in lines:
            if os.write(file, line) != len(line):
                os.ftruncate(file, end)
                raise OSError("the disk took only a part of a line")
            end += len(line)
    finally:
        os.close(file)


def _end_of_last_line(file: int) -> int:
    end = os.fstat(file).st_size
    for position, block in _blocks_backwards(file, end):
        newline = block.rfind(b"\n")
        if newline >= 0:
            return position + newline + 1
    return 0


def _last_line(file: int) -> bytes:
    end = _end_of_last_line(file)
    tail = b""
    for _, block in _blocks_backwards(file, max(end - 1, 0)):
        tail = block + tail
        if b"\n" in block:
            break
    return tail.rpartition(b"\n")[2]


def _blocks_backwards(file: int, end: int) -> Iterable[tuple[int, bytes]]:
    while end > 0:
        start = max(end - _READ_BLOCK, 0)
        yield start, os.pread(file, end - start, start)
        end = start


def _mark(line: bytes, path: Path) -> Mark:
    with suppress(ValueError, KeyError, TypeError):
        values = json.loads(line)
        return Mark(id=int(values["id"]), hash=str(values["hash"]))
    raise CopyError(f"{path.name} holds a line that is no entry")
