"""A NAS in memory: folders as a tree, and a clock of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.host import Result
from provisioning.drivers.sftp_wire import Attributes, Entry

NOW: Final = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
ROOT: Final = b"/volume1/backups"


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def ago(**span: float) -> int:
    return seconds(NOW - timedelta(**span))


@dataclass
class Tree:
    """``files`` by path; folders are those above them, and those in ``folders``."""

    files: dict[bytes, Attributes] = field(default_factory=dict)
    folders: dict[bytes, int] = field(default_factory=lambda: {ROOT: 0})
    closed: set[bytes] = field(default_factory=set)
    asked: list[bytes] = field(default_factory=list)

    def put(self, path: str | bytes, *, size: int = 1000, at: int, kind: Any = "file") -> None:
        """Below the root."""
        raw = path.encode() if isinstance(path, str) else path
        whole = b"%b/%b" % (ROOT, raw)
        folder = whole.rpartition(b"/")[0]
        while folder not in self.folders:
            self.folders[folder] = at
            folder = folder.rpartition(b"/")[0]
        self.files[whole] = Attributes(kind, size, at)

    def real_path(self, path: bytes) -> bytes:
        if self.look(path) is None:
            raise DriverError("nas: it is not there", "not_found")
        return path

    def look(self, path: bytes) -> Attributes | None:
        if path in self.files:
            return self.files[path]
        return Attributes("folder", 0, self.folders[path]) if path in self.folders else None

    def entries(self, path: bytes) -> Iterator[Entry]:
        self.asked.append(path)
        if path in self.closed:
            raise DriverError(f"nas: looking at {path!r} failed", "permission_denied")
        if path not in self.folders:
            raise DriverError("nas: it is not there", "not_found")
        for name, attributes in self.files.items():
            if name.rpartition(b"/")[0] == path:
                yield Entry(name.rpartition(b"/")[2], attributes)
        for name, at in self.folders.items():
            if name.rpartition(b"/")[0] == path:
                yield Entry(name.rpartition(b"/")[2], Attributes("folder", 4096, at))


class FakeNas(FakeHost):
    """``skew`` is how far its clock is ahead; None: it has no shell to tell the time."""

    def __init__(self, tree: Tree | None = None, *, skew: timedelta | None = None) -> None:
        super().__init__()
        self.tree = tree or Tree()
        self.skew = skew
        self.error: DriverError | None = None

    def run(self, argv: Any, **options: Any) -> Result:
        if self.skew is None:
            raise DriverError("nas: the login runs no commands", "no_shell")
        told = datetime.now(UTC) + self.skew
        return Result(0, f"{int(told.timestamp())}\n", "", truncated=False, duration_ms=1)

    @contextlib.contextmanager
    def folders(self, *, timeout_s: float) -> Iterator[Tree]:
        if self.error:
            raise self.error
        yield self.tree
