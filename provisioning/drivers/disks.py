"""File systems of a host, from ``df -P -k`` (POSIX output, also of BusyBox)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provisioning.drivers.hostile import printable

_NOT_DISKS: Final = frozenset(
    {"tmpfs", "devtmpfs", "udev", "none", "shm", "overlay", "efivarfs", "squashfs", "dev", "run"}
)
_MAX_DISKS = 50
_MAX_BYTES = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Disk:
    """One file system. ``available_bytes`` is what a normal user may still write."""

    mount: str
    total_bytes: int
    used_bytes: int
    available_bytes: int

    @property
    def used_percent(self) -> float:
        """As ``df`` counts it: blocks reserved for root are neither used nor free."""
        usable = self.used_bytes + self.available_bytes
        return 100.0 * self.used_bytes / usable if usable else 0.0


def df_argv(*paths: str) -> tuple[str, ...]:
    return ("df", "-P", "-k", *paths)


def parse_df(text: str) -> tuple[Disk, ...]:
    """Every line that is a file system, pseudo file systems and second mounts included."""
    return tuple(disk for _, disk in _rows(text))


def parse_disks(text: str) -> tuple[Disk, ...]:
    """Real file systems, each once, at its shortest mount point; ``/`` always."""
    found: dict[str, Disk] = {}
    for source, disk in _rows(text):
        if disk.mount != "/" and (source in _NOT_DISKS or not disk.total_bytes):
            continue
        kept = found.get(source)
        if kept is None or len(disk.mount) < len(kept.mount):
            found[source] = disk
    return tuple(sorted(found.values(), key=lambda disk: disk.mount))[:_MAX_DISKS]


def _rows(text: str) -> list[tuple[str, Disk]]:
    rows = (_row(line) for line in text.splitlines())
    return [row for row in rows if row is not None]


def _row(line: str) -> tuple[str, Disk] | None:
    words = line.split(None, 5)
    if len(words) < 6 or not words[5].startswith("/"):
        return None
    sizes = [_kib(word) for word in words[1:4]]
    if None in sizes:
        return None
    total, used, available = (size or 0 for size in sizes)
    return words[0], Disk(printable(words[5], limit=255), total, used, available)


def _kib(word: str) -> int | None:
    """Bytes from a count of KiB; BusyBox shows a negative available size on a full disk."""
    digits = word.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 17):
        return None
    return 0 if word.startswith("-") else min(int(digits) * 1024, _MAX_BYTES)
