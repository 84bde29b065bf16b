"""What a look at backups is asked for and what it finds, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from provisioning.backups.pattern import Place


@dataclass(frozen=True, slots=True)
class Backup:
    """``at`` is by our clock, ``modified_s`` as the NAS has it. ``size`` None: not counted."""

    name: str
    at: datetime
    size: int | None
    modified_s: int
    folder: bool = False
    ahead: bool = False  # dated in the future: ``at`` is when we first saw it


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The newest entry that may still be written, and since when it looks as it does."""

    name: str
    size: int | None
    modified_s: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """One site. ``place`` is None when the pattern has none for it, ``why`` says so; the others
    are what the look before has found."""

    site: int
    place: Place | None
    why: str = ""
    kept: tuple[Backup, ...] = ()
    unfinished: tuple[Unfinished, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """``error``: its own folder could not be read. ``kept``: finished ones, the newest first."""

    site: int
    error: str = ""
    count: int = 0
    kept: tuple[Backup, ...] = ()
    unfinished: tuple[Unfinished, ...] = ()


@dataclass(frozen=True, slots=True)
class Root:
    """``marker`` is the name of a file or folder that is only there while the volume is.
    ``had_backups``: sites that had some when they were last seen."""

    path: str
    marker: str = ""
    had_backups: frozenset[int] = frozenset()


@dataclass(slots=True)
class Look:
    """``code`` empty: the NAS was read. Sites that were not reached before it failed are not in."""

    sites: list[Seen] = field(default_factory=list)
    code: str = ""
    error: str = ""
    skew: timedelta | None = None
    duration_ms: int = 0

    def failed(self, code: str, error: str) -> None:
        self.code, self.error = code, error
