"""The newest entries of a folder, for several sites in one pass: names in, few of them kept."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from provisioning.backups.names import is_nothing, is_temporary, time_of_folder
from provisioning.backups.pattern import Names
from provisioning.drivers.errors import DriverError
from provisioning.drivers.folders import FoldersApi
from provisioning.drivers.hostile import printable
from provisioning.drivers.sftp_wire import Entry

MAX_ENTRIES: Final = 200_000  # in one folder of backups
MAX_MEASURED: Final = 20_000  # in one backup that is a folder
KEPT: Final = 11  # the newest, and ten to compare it with
_DEPTH: Final = 16


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that may be a backup. ``rank`` orders them: seconds since 1970."""

    name: bytes
    size: int | None
    modified_s: int
    rank: float
    is_folder: bool

    @property
    def shown(self) -> str:
        """As the name is kept and shown: on one line, without what moves a cursor."""
        return printable(self.name, limit=255)

    def __lt__(self, other: Candidate) -> bool:
        return (self.rank, self.name) < (other.rank, other.name)


@dataclass(slots=True)
class Gathered:
    """Of one site. ``recent`` may still be written, ``older`` not; both the newest first."""

    count: int = 0
    recent: list[Candidate] = field(default_factory=list)
    older: list[Candidate] = field(default_factory=list)
    temporary: Candidate | None = None

    def add(self, one: Candidate, *, settled_s: int) -> None:
        if is_temporary(one.name):
            self.temporary = max(one, self.temporary or one)
            return
        self.count += 1
        heap = self.older if one.modified_s < settled_s else self.recent
        (heapq.heappush if len(heap) < KEPT else heapq.heappushpop)(heap, one)

    def sorted(self) -> Gathered:
        self.recent.sort(reverse=True)
        self.older.sort(reverse=True)
        return self


def gather(
    folders: FoldersApi, path: bytes, names: Mapping[int, Names], *, settled_s: int
) -> dict[int, Gathered]:
    """By site. An entry that fits several goes to whose pattern says more of it: ``shop-eu-*``
    before ``shop-*``. Links and devices are no backups. DriverError ``output_too_large``."""
    found = {site: Gathered() for site in names}
    prefixes = _by_prefix(names)
    for number, entry in enumerate(folders.entries(path)):
        if number >= MAX_ENTRIES:
            words = f"{printable(path, limit=200)} holds more than {MAX_ENTRIES} entries"
            raise DriverError(words, "output_too_large")
        if (one := _candidate(entry)) is None:
            continue
        site = next(_whose(one.name, prefixes), None)
        if site is not None:
            found[site].add(one, settled_s=settled_s)
    return {site: one.sorted() for site, one in found.items()}


def _candidate(entry: Entry) -> Candidate | None:
    told = entry.attributes
    if is_nothing(entry.name) or told.kind not in ("file", "folder"):
        return None
    modified_s = told.modified_s or 0
    if told.kind == "file":
        return Candidate(entry.name, told.size, modified_s, modified_s, is_folder=False)
    rank = time_of_folder(entry.name, datetime.fromtimestamp(modified_s, UTC)).timestamp()
    return Candidate(entry.name, None, modified_s, rank, is_folder=True)


_Prefixes = list[tuple[int, dict[bytes, list[tuple[int, Names]]]]]


def _by_prefix(names: Mapping[int, Names]) -> _Prefixes:
    """By length, the longest first: so many sites in one folder cost one look-up per length."""
    found: dict[int, dict[bytes, list[tuple[int, Names]]]] = {}
    for site, one in names.items():
        found.setdefault(len(one.prefix), {}).setdefault(one.prefix, []).append((site, one))
    return sorted(found.items(), reverse=True)


def _whose(name: bytes, prefixes: _Prefixes) -> Iterator[int]:
    for length, sites in prefixes:
        for site, names in sites.get(name[:length], ()):
            if names.fit(name):
                yield site


def measure(folders: FoldersApi, path: bytes, modified_s: int) -> tuple[int | None, int]:
    """The bytes of all files in a folder, and when the newest of them was changed.

    Without a size where there is too much to count. Links are neither followed nor counted.
    """
    size, newest_s, left = 0, 0, [(path, 0)]
    seen = 0
    while left:
        folder, depth = left.pop()
        for entry in folders.entries(folder):
            seen += 1
            if seen > MAX_MEASURED or depth > _DEPTH:
                return None, newest_s or modified_s
            told = entry.attributes
            if told.kind == "folder":
                left.append((b"%b/%b" % (folder, entry.name), depth + 1))
            elif told.kind == "file":
                size += told.size or 0
                newest_s = max(newest_s, told.modified_s or 0)
    return size, newest_s or modified_s
