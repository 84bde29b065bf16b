"""Which channel is told what by whom: rows taken by conditional updates, and what became of them.

Nothing here talks to a service. A channel is held by one sender at a time, so that what is told
through it keeps its order; a sender that dies loses it when its lease ends.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, Min, OuterRef, Q

from monitoring.notify.models import Channel, Delivery
from monitoring.notify.schedule import pause_after

LEASE: Final = timedelta(seconds=75)  # well above the driver's own deadline
MOST_AT_ONCE: Final = 50  # notices in one message
_NO_ATTEMPT: Final = "Nobody tried in time: see that the monitor runs and the channel is on."


@dataclass(frozen=True, slots=True)
class Due:
    """A channel with something to tell; ``ailing`` when it failed the last time."""

    key: int
    ailing: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A channel that is ours until the lease ends, and what it is to be told, oldest first."""

    channel: Channel
    rows: Sequence[Delivery]
    by: str = field(repr=False)


def due(*, now: datetime) -> list[Due]:
    """Channels that nobody holds and whose time has come, those that wait longest first."""
    ready = Delivery.objects.active().filter(
        channel=OuterRef("pk"), next_at__lte=now, give_up_at__gt=now
    )
    free = Q(held_until=None) | Q(held_until__lte=now)
    rows = Channel.objects.filter(free, Exists(ready), enabled=True)
    first = Min("deliveries__next_at", filter=Q(deliveries__state__in=Delivery.ACTIVE))
    rows = rows.annotate(first=first).order_by("first", "pk")
    return [Due(key, retry_at is not None) for key, retry_at in rows.values_list("pk", "retry_at")]


def claim(key: int, *, now: datetime) -> Claim | None:
    """Takes a channel and all it has to tell, also what would be tried again only later: the
    older goes first. None when somebody was faster."""
    by = uuid.uuid4().hex
    free = Q(held_until=None) | Q(held_until__lte=now)
    taken = Channel.objects.filter(free, pk=key, enabled=True).update(
        held_by=by, held_until=now + LEASE
    )
    if not taken:
        return None
    waiting = Delivery.objects.active().filter(channel=key, give_up_at__gt=now)
    rows = list(waiting.select_related("host").order_by("pk")[:MOST_AT_ONCE])
    channel = Channel.objects.filter(pk=key).first()
    if channel is None or not any(row.next_at <= now for row in rows):
        _release(key, by)
        return None
    return Claim(channel, _alone(rows), by)


def _alone(rows: list[Delivery]) -> list[Delivery]:
    """A test shows what a service says to it: it is never part of another message."""
    tests = [row for row in rows if row.kind == Delivery.Kind.TEST]
    return tests[:1] or rows


def _release(key: int, by: str) -> int:
    return Channel.objects.filter(pk=key, held_by=by).update(held_by="", held_until=None)


@transaction.atomic
def told(claim: Claim, *, now: datetime) -> None:
    """The service took it. True even when somebody else holds the channel by now."""
    Delivery.objects.filter(pk__in=[row.pk for row in claim.rows]).update(
        state=Delivery.State.SENT, ended_at=now, error="", attempts=F("attempts") + 1
    )
    # It is well again: what waits because it was not need not wait longer.
    waiting = Delivery.objects.filter(channel=claim.channel, state=Delivery.State.FAILED)
    waiting.filter(next_at__gt=now).update(next_at=now)
    Channel.objects.filter(pk=claim.channel.pk, held_by=claim.by).update(retry_at=None)
    _release(claim.channel.pk, claim.by)


@transaction.atomic
def failed(claim: Claim, error: str, *, now: datetime) -> None:
    """It is tried again, or given up when its time is over; a test at once. What somebody else
    has taken over meanwhile is theirs."""
    if not _release(claim.channel.pk, claim.by):
        return
    pause = pause_after(1 + max(row.attempts for row in claim.rows))
    rows = Delivery.objects.active().filter(pk__in=[row.pk for row in claim.rows])
    rows.update(
        state=Delivery.State.FAILED, error=error, attempts=F("attempts") + 1, next_at=now + pause
    )
    over = Q(kind=Delivery.Kind.TEST) | Q(give_up_at__lte=now + pause)
    rows.filter(over).update(state=Delivery.State.GIVEN_UP, ended_at=now)
    Channel.objects.filter(pk=claim.channel.pk).update(retry_at=now + pause)


def give_up(*, now: datetime) -> int:
    """What nobody has tried or told in time, such as of a channel that is off; returns how many."""
    held = Channel.objects.filter(pk=OuterRef("channel"), held_until__gt=now)
    late = Delivery.objects.active().filter(~Exists(held), give_up_at__lte=now)
    if not late.exists():
        return 0
    late.filter(error="").update(error=_NO_ATTEMPT)
    return late.update(state=Delivery.State.GIVEN_UP, ended_at=now)


def forget(*, before: datetime) -> int:
    """Removes what ended earlier; returns how many."""
    return Delivery.objects.filter(ended_at__lt=before).delete()[0]
