"""The feed's table: one row per message, in a small SQLite file of its own.

It is kept apart from Django's database so that neither waits for the other. Nothing in it is
precious: ``synchronous`` is off, and a file that is missing, replaced or broken is made anew.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

BUSY_TIMEOUT_S: Final = 5.0
PRUNE_EVERY: Final = 500  # messages of one writer
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS feed (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at REAL NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL, body TEXT NOT NULL
)"""
_FILE_IS_SOUND: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
}
T = TypeVar("T")


class Row(NamedTuple):
    id: int
    sender: str
    group: str
    body: str


class FeedFile:
    """One process's connection to the file. Safe to use from several threads and after a fork."""

    def __init__(self, path: Path | str, *, keep_s: float, keep_rows: int) -> None:
        self.path = Path(path)
        self.generation = 0
        """Grows whenever the file was made or found anew; ids do not go on from one to the next."""
        self._keep_s, self._keep_rows = keep_s, keep_rows
        self._appended = 0
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._lock = threading.Lock()
        _files.add(self)

    def append(self, *, sender: str, group: str, body: str) -> None:
        """Raises sqlite3.Error when the disk is full or the file is held for five seconds."""
        self._appended += 1
        prune = self._appended % PRUNE_EVERY == 0

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO feed (at, sender, recipients, body) VALUES (?, ?, ?, ?)",
                (time.time(), sender, group, body),
            )
            if prune:
                self._prune(connection)

        self._do(write)

    def after(self, last: int, *, limit: int) -> list[Row]:
        """The next rows in the order in which they were committed."""
        query = "SELECT id, sender, recipients, body FROM feed WHERE id > ? ORDER BY id LIMIT ?"
        return self._do(lambda c: [Row(*row) for row in c.execute(query, (last, limit))])

    def last_id(self) -> int:
        """The highest id ever given, also when its row was pruned."""
        query = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'feed'"
        return self._do(lambda c: int(c.execute(query).fetchone()[0]))

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                return work(self._current())
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode & 0xFF in _FILE_IS_SOUND:
                    raise
                self._discard()
                return work(self._current())

    def _current(self) -> sqlite3.Connection:
        if self._connection is None or _inode(self.path) != self._inode:
            self._disconnect()
            self._connection = self._connect()
            self.generation += 1
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        with _locked(self.path):
            if _is_empty(self.path):
                _remove(self.path)  # a log left behind would be taken for the new file's own
            connection = sqlite3.connect(
                self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            connection.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
                f"PRAGMA journal_size_limit=1000000; {_SCHEMA}"
            )
            self._inode = _inode(self.path)
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _discard(self) -> None:
        self._disconnect()
        with _locked(self.path):
            _remove(self.path)

    def _prune(self, connection: sqlite3.Connection) -> None:
        newest = connection.execute("SELECT max(id) FROM feed").fetchone()[0]
        kept = connection.execute(
            "SELECT id FROM feed WHERE at >= ? ORDER BY id LIMIT 1", (time.time() - self._keep_s,)
        ).fetchone()
        first = max(newest - self._keep_rows + 1, kept[0] if kept else newest)
        connection.execute("DELETE FROM feed WHERE id < ?", (first,))

    def _leave_to_parent(self) -> None:
        """After a fork: closing the parent's connection here could break its locks."""
        if self._connection is not None:
            _left_to_parent.append(self._connection)
        self._connection = None
        self._lock = threading.Lock()


def _inode(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_ino
    return 0


def _is_empty(path: Path) -> bool:
    """Missing, or cut to nothing: who makes the file leaves it with a first page."""
    return not path.exists() or path.stat().st_size == 0


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time makes or removes the file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# A fork in the middle of a call would leave SQLite's own locks held for ever in the child.
_files: weakref.WeakSet[FeedFile] = weakref.WeakSet()
_held_for_fork: list[FeedFile] = []
_left_to_parent: list[sqlite3.Connection] = []


def _before_fork() -> None:
    _held_for_fork[:] = list(_files)
    for file in _held_for_fork:
        file._lock.acquire()


def _in_parent() -> None:
    for file in _held_for_fork:
        file._lock.release()
    _held_for_fork.clear()


def _in_child() -> None:
    for file in _held_for_fork:
        file._leave_to_parent()
    _held_for_fork.clear()


os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
