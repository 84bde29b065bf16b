"""How a certificate is judged, purely: from what was seen of it and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import models

# Days before the end at which somebody should hear of it, the first word first.
THRESHOLDS_D: Final = (21, 14, 7, 3, 1)
URGENT: Final = timedelta(days=7)
# A certificate that nobody has looked at for so long is not known any more: three looks missed.
STALE_AFTER: Final = timedelta(hours=3)


class State(models.TextChoices):
    """The worst first, as lists are ordered by it."""

    EXPIRED = "expired", "expired"
    NOT_YET = "not_yet", "not valid yet"
    WRONG_NAME = "wrong_name", "wrong name"
    NO_ANSWER = "no_answer", "no answer"
    DIFFERS = "differs", "not as on disk"
    SOON = "soon", "ends soon"
    UNKNOWN = "unknown", "unknown"
    OK = "ok", "valid"
    OFF = "off", "plain http"


# What a browser refuses, now.
BROKEN: Final = frozenset({State.EXPIRED, State.NOT_YET, State.WRONG_NAME, State.NO_ANSWER})


@dataclass(frozen=True, slots=True)
class Facts:
    """``host_fresh``: somebody looks at its host. ``answered``: None when the host could not be
    asked, or has not been. The others are of what was last served."""

    tls_off: bool = False
    host_fresh: bool = True
    checked_at: datetime | None = None
    answered: bool | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    name_fits: bool | None = None
    same: bool | None = None


def state_of(facts: Facts, *, now: datetime) -> State:
    """The same as `models.CertificateQuerySet.live` says in SQL."""
    if facts.tls_off:
        return State.OFF
    if not is_known(facts, now=now):
        return State.UNKNOWN
    if not facts.answered or facts.not_before is None or facts.not_after is None:
        return State.NO_ANSWER
    return _of_served(facts, facts.not_before, facts.not_after, now)


def is_known(facts: Facts, *, now: datetime) -> bool:
    """Whether what was seen last still counts. Without it nothing is called good, or bad."""
    at = facts.checked_at
    fresh = facts.host_fresh and at is not None and at >= now - STALE_AFTER
    return fresh and facts.answered is not None


def _of_served(facts: Facts, begins: datetime, ends: datetime, now: datetime) -> State:
    if ends <= now:
        return State.EXPIRED
    if begins > now:
        return State.NOT_YET
    if not facts.name_fits:
        return State.WRONG_NAME
    if facts.same is False:
        return State.DIFFERS
    return State.SOON if soon_at(begins, ends) <= now else State.OK


def soon_at(begins: datetime, ends: datetime, *, within: timedelta | None = None) -> datetime:
    """From when on its end is near: 21 days before it (or ``within``), but never before three
    quarters of its time are over.

    Those of a proxy's own authority live for 12 hours and public ones may for six days: whoever
    renews them does so after two thirds.
    """
    longest = timedelta(days=THRESHOLDS_D[0]) if within is None else within
    try:
        return ends - min(longest, max((ends - begins) / 4, timedelta()))
    except OverflowError:  # in the year 1 there is no time before
        return ends


def threshold_d(begins: datetime, ends: datetime, *, now: datetime) -> int | None:
    """The last of `THRESHOLDS_D` that has been passed; None while its end is not near."""
    passed = [
        days for days in THRESHOLDS_D if soon_at(begins, ends, within=timedelta(days=days)) <= now
    ]
    return min(passed, default=None)


def days_left(ends: datetime, *, now: datetime) -> float:
    """Negative once it has expired."""
    return (ends - now) / timedelta(days=1)


def is_urgent(state: str, begins: datetime | None, ends: datetime | None, *, now: datetime) -> bool:
    """Refused by browsers now, another one than on disk, or over within a week."""
    if state in BROKEN or state == State.DIFFERS:
        return True
    if state != State.SOON or begins is None or ends is None:
        return False
    return soon_at(begins, ends, within=URGENT) <= now
