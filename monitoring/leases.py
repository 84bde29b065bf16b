"""Which monitor watches which host: leases on the hosts' rows, shared evenly among the living.

Every change of hands is one conditional update; what was not renewed in time is free for others.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from monitoring.models import Monitor
from sites.models import Host

LEASE: Final = timedelta(seconds=15)
RENEW_S: Final = 5.0
_FORGOTTEN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Watched:
    """What a monitor must know of a host to decide whether to watch it.

    ``way`` holds the revisions of the host and of its jump hosts, the nearest first: another one
    means that connections are outdated.
    """

    key: int
    name: str
    way: tuple[int, ...]
    by: str
    until: datetime | None

    def is_held_by(self, name: str, now: datetime) -> bool:
        return self.by == name and self.until is not None and self.until > now

    def is_free(self, now: datetime) -> bool:
        return self.until is None or self.until <= now


def hosts() -> list[Watched]:
    """Every host that is set up, in one query."""
    columns = ("pk", "name", "revision", "via_id", "monitored_by", "monitored_until")
    set_up = Host.objects.exclude(state=Host.State.SETUP_PENDING)
    rows = list(set_up.order_by("pk").values_list(*columns))
    steps = {row[0]: (row[2], row[3]) for row in rows}
    return [Watched(row[0], row[1], _way(row[0], steps), row[4], row[5]) for row in rows]


def _way(key: int | None, steps: dict[int, tuple[int, int | None]]) -> tuple[int, ...]:
    revisions: list[int] = []
    while key in steps and len(revisions) < len(steps):
        revision, key = steps[key]
        revisions.append(revision)
    return tuple(revisions)


def announce(name: str, *, now: datetime) -> int:
    """Says that this monitor lives, and renews what it holds; returns how many live."""
    Monitor.objects.filter(alive_until__lt=now - _FORGOTTEN_AFTER).delete()
    alive_until = now + LEASE
    if not Monitor.objects.filter(name=name).update(alive_until=alive_until):
        Monitor.objects.get_or_create(name=name, defaults={"alive_until": alive_until})
    Host.objects.filter(monitored_by=name).update(monitored_until=alive_until)
    return Monitor.objects.filter(alive_until__gt=now).count()


def claim(name: str, keys: Collection[int], *, now: datetime) -> None:
    """Takes those of the hosts that nobody holds."""
    free = Q(monitored_until=None) | Q(monitored_until__lte=now)
    Host.objects.filter(free, pk__in=keys).update(monitored_by=name, monitored_until=now + LEASE)


def release(name: str, keys: Collection[int]) -> None:
    mine = Host.objects.filter(monitored_by=name, pk__in=keys)
    mine.update(monitored_by="", monitored_until=None)


def leave(name: str) -> None:
    """Gives everything back, at the end of a monitor."""
    Host.objects.filter(monitored_by=name).update(monitored_by="", monitored_until=None)
    Monitor.objects.filter(name=name).delete()


def to_claim(rows: list[Watched], name: str, *, living: int, now: datetime) -> list[int]:
    """The free hosts this monitor should take: as many as its share has room for."""
    held = sum(row.is_held_by(name, now) for row in rows)
    free = [row.key for row in rows if row.is_free(now)]
    return free[: max(0, _share(rows, living) - held)]


def to_release(rows: list[Watched], name: str, *, living: int, now: datetime) -> list[int]:
    """The hosts this monitor holds beyond its share."""
    held = [row.key for row in rows if row.is_held_by(name, now)]
    return held[_share(rows, living) :]


def _share(rows: list[Watched], living: int) -> int:
    return -(-len(rows) // max(1, living))
