"""How backups are judged, purely: from what was seen of them and the time."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import models

# So many of the earlier ones say what is usual; fewer than two say nothing.
USUAL_OF: Final = 10
_FEWEST: Final = 2


class State(models.TextChoices):
    """The worst first, as lists are ordered by it."""

    MISSING = "missing", "none"
    STALE = "stale", "too old"
    SHRUNKEN = "shrunken", "shrunken"
    UNKNOWN = "unknown", "unknown"
    FRESH = "fresh", "fresh"


WRONG: Final = frozenset({State.MISSING, State.STALE, State.SHRUNKEN})


def stale_after() -> timedelta:
    return timedelta(hours=settings.NAS_STALE_THRESHOLD_HOURS)


@dataclass(frozen=True, slots=True)
class Facts:
    """``nas_well``: the NAS was reached and read at the last try. ``readable``: so was the site's
    own folder. ``known_until``: until then what was seen counts."""

    nas_well: bool = False
    readable: bool = True
    known_until: datetime | None = None
    count: int = 0
    newest_at: datetime | None = None
    shrunken: bool = False


def state_of(facts: Facts, *, now: datetime) -> State:
    """The same as `models.SiteBackupQuerySet.live` says in SQL.

    Whatever kept us from looking is never a verdict on the backups, neither good nor bad.
    """
    known = facts.known_until is not None and facts.known_until >= now
    if not (facts.nas_well and facts.readable and known):
        return State.UNKNOWN
    if not facts.count or facts.newest_at is None:
        return State.MISSING
    if facts.newest_at < now - stale_after():
        return State.STALE
    return State.SHRUNKEN if facts.shrunken else State.FRESH


def usual_bytes(earlier: Sequence[int | None]) -> int | None:
    """The median size of the earlier ones, the newest of them first; None if these say nothing."""
    sizes = [size for size in earlier[:USUAL_OF] if size is not None]
    return round(statistics.median(sizes)) if len(sizes) >= _FEWEST else None


def is_shrunken(newest: int | None, usual: int | None, *, least_percent: int) -> bool:
    """An empty one always is. Without a size to compare with nothing is said."""
    if newest is None:
        return False
    return newest == 0 or (usual is not None and newest * 100 < usual * least_percent)
