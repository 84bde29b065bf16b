"""What the name of an entry says: that it is no backup, that it is half-written, or its day."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from provisioning.backups.pattern import MAX_NAME_BYTES

# How copying tools call what they have not finished.
_TEMPORARY: Final = (
    b".part", b".partial", b".tmp", b".temp", b".incomplete", b".filepart", b".inprogress",
    b".in-progress", b".writing", b".crdownload", b".swp", b"~",
)  # fmt: skip
# What NAS systems and file systems put everywhere by themselves.
_OWN: Final = frozenset({
    b"lost+found", b"@eadir", b"#recycle", b"#snapshot", b"@recycle", b"@recently-snapshot",
    b"$recycle.bin", b"system volume information", b"thumbs.db", b"desktop.ini",
    b"network trash folder",
})  # fmt: skip
_DAY: Final = re.compile(
    rb"(?<!\d)(20\d\d)-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])"
    rb"(?:[T_-]?([01]\d|2[0-3])[-:.]?([0-5]\d)(?:[-:.]?[0-5]\d)?)?(?!\d)"
)
# A name's day may be that of any time zone.
_ZONES: Final = timedelta(hours=14)


def is_nothing(name: bytes) -> bool:
    """Hidden, of the NAS itself, or longer than any file system's: no backup of anybody."""
    return name.startswith(b".") or name.lower() in _OWN or len(name) > MAX_NAME_BYTES


def is_temporary(name: bytes) -> bool:
    return name.lower().endswith(_TEMPORARY)


def time_of_folder(name: bytes, newest: datetime) -> datetime:
    """When a folder was made: as its name says if it holds a day, else as its ``newest`` file.

    Tools that copy folders keep the times of what they copy, so these can be years old.
    """
    match = _DAY.search(name)
    if match is None:
        return newest
    year, month, day, hour, minute = (int(part or 0) for part in match.groups())
    try:
        told = datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return newest
    length = timedelta() if match[4] else timedelta(days=1)
    return newest if told - _ZONES <= newest <= told + length + _ZONES else told
