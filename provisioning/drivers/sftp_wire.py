"""SFTP version 3 as bytes (draft-ietf-secsh-filexfer-02): the few requests that only look.

What comes from the other side is not trusted: every length is held against what is there.
"""

from __future__ import annotations

import stat
import struct
from dataclasses import dataclass
from typing import Final, Literal

from provisioning.drivers.errors import DriverError

CLOSE, OPENDIR, READDIR, LSTAT, REALPATH = 4, 11, 12, 7, 16
VERSION, STATUS, HANDLE, NAME, ATTRS = 2, 101, 102, 104, 105
END_OF_FOLDER, NOT_FOUND, DENIED = 1, 2, 3
# A server may send names as long as it likes; OpenSSH's longest answer has 256 KiB.
MAX_PACKET_BYTES: Final = 4 * 1024 * 1024
INIT_PACKET: Final = struct.pack(">IBI", 5, 1, 3)
_SIZE, _OWNER, _MODE, _TIMES, _EXTENDED = 1, 2, 4, 8, 0x80000000

Kind = Literal["file", "folder", "link", "other"]


@dataclass(frozen=True, slots=True)
class Attributes:
    """``modified_s``: seconds since 1970 by the server's clock. What it did not tell is None."""

    kind: Kind
    size: int | None = None
    modified_s: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """``name`` as it is on the disk, whatever bytes that are."""

    name: bytes
    attributes: Attributes


def request(kind: int, number: int, text: bytes) -> bytes:
    """Each request used here has one path or handle as its only argument."""
    return struct.pack(">IBII", 9 + len(text), kind, number, len(text)) + text


def garbage(who: str, what: str) -> DriverError:
    return DriverError(f"{who}: SFTP cannot be understood: {what}", "garbage")


class Answer:
    """The inside of one packet, taken apart from its beginning; DriverError ``garbage``."""

    def __init__(self, packet: bytes, *, who: str) -> None:
        self._who = who
        self._left = memoryview(packet)
        self.kind = self._take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def text(self) -> bytes:
        return bytes(self._take(self.number()))

    def attributes(self) -> Attributes:
        flags = self.number()
        size = int.from_bytes(self._take(8), "big") if flags & _SIZE else None
        if flags & _OWNER:
            self._take(8)
        mode = self.number() if flags & _MODE else 0
        modified = int.from_bytes(self._take(8)[4:], "big") if flags & _TIMES else None
        if flags & _EXTENDED:
            for _ in range(self._count(each=8)):
                self._take(self.number())
                self._take(self.number())
        return Attributes(_kind(mode), size, modified)

    def entries(self) -> list[Entry]:
        """Of a NAME answer: the name, a line as of ``ls -l`` that nobody needs, its attributes."""
        found = []
        for _ in range(self._count(each=12)):
            name = self.text()
            self._take(self.number())
            found.append(Entry(name, self.attributes()))
        return found

    def _count(self, *, each: int) -> int:
        """How many things follow, of which each has so many bytes at least."""
        count = self.number()
        if count * each > len(self._left):
            raise garbage(self._who, f"an answer that promises {count} things and holds fewer")
        return count

    def _take(self, size: int) -> memoryview:
        if size > len(self._left):
            raise garbage(self._who, "an answer that ends too early")
        taken, self._left = self._left[:size], self._left[size:]
        return taken


def _kind(mode: int) -> Kind:
    kinds: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
    return kinds.get(stat.S_IFMT(mode), "other")
