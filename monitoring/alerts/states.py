"""pending → firing → resolved, purely: what becomes of an alert once its rule was judged again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from monitoring.alerts.findings import Finding, Verdict
from monitoring.alerts.models import Alert

# One that comes back so soon after its end is the same trouble: it has to be well for longer.
FLAP_WINDOW: Final = timedelta(minutes=30)
LONGEST_CLEAR: Final = timedelta(hours=1)
_FIRST_CLEAR_S: Final = 60  # of rules without one, once it flaps
_MOST_DOUBLINGS: Final = 6
_State = Alert.State
DROPPED: Final = "dropped"  # it was never told and leaves no trace


@dataclass(frozen=True, slots=True)
class Timing:
    """Of a rule: so long wrong before it is told, and so long well before it is over."""

    for_s: int
    clear_for_s: int

    def clear_for(self, flaps: int) -> timedelta:
        """Twice as long for each time it came back."""
        if not flaps:
            return timedelta(seconds=self.clear_for_s)
        first_s = self.clear_for_s or _FIRST_CLEAR_S
        return min(timedelta(seconds=first_s * 2 ** min(flaps, _MOST_DOUBLINGS)), LONGEST_CLEAR)


@dataclass(frozen=True, slots=True)
class Course:
    """How far an alert is. ``pending_at`` is when it was first seen wrong."""

    state: str
    pending_at: datetime
    firing_at: datetime | None = None
    resolved_at: datetime | None = None
    clear_since: datetime | None = None
    unseen_since: datetime | None = None
    flaps: int = 0

    @property
    def is_open(self) -> bool:
        return self.state in Alert.OPEN


def step(
    was: Course | None,
    found: Finding,
    timing: Timing,
    *,
    now: datetime,
    resumed_at: datetime | None = None,
    flaps: int = 0,
) -> Course | None:
    """None: there is nothing. ``was`` is the open alert; ``flaps`` what a new one begins with.

    Nobody knows what was while nobody looked: durations begin again at ``resumed_at``.
    """
    if was is None:
        if found.verdict != Verdict.BAD:
            return None
        was = Course(_State.PENDING, now, flaps=flaps)
    if was.state == _State.PENDING:
        return _pending(was, found, timing, now, resumed_at)
    return _firing(was, found, timing, now, resumed_at)


def _pending(
    was: Course, found: Finding, timing: Timing, now: datetime, resumed_at: datetime | None
) -> Course:
    if found.verdict != Verdict.BAD:
        return replace(was, state=DROPPED)
    if now - _begun(was.pending_at, resumed_at) >= timedelta(seconds=timing.for_s):
        return replace(was, state=_State.FIRING, firing_at=now)
    return was


def _firing(
    was: Course, found: Finding, timing: Timing, now: datetime, resumed_at: datetime | None
) -> Course:
    if found.verdict == Verdict.UNKNOWN:
        return replace(was, unseen_since=was.unseen_since or now, clear_since=None)
    seen = replace(was, unseen_since=None)
    if found.verdict == Verdict.GOOD:
        since = was.clear_since or now
        well_for = now - _begun(since, resumed_at)
        if found.final or well_for >= timing.clear_for(was.flaps):
            return replace(seen, state=_State.RESOLVED, resolved_at=now, clear_since=since)
        return replace(seen, clear_since=since)
    again = found.verdict == Verdict.BAD and was.clear_since is not None
    return replace(seen, clear_since=None, flaps=was.flaps + again)


def _begun(since: datetime, resumed_at: datetime | None) -> datetime:
    return since if resumed_at is None else max(since, resumed_at)
