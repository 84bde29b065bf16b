"""One turn: read, judge, write and tell. All that it changes is one transaction.

Whoever is killed in between has changed and told nothing. Of several monitors only that one goes
on whose turn began after the last one that was written: nothing fires or is told twice.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from monitoring.alerts import causes
from monitoring.alerts.course import Before, Changes, Judge
from monitoring.alerts.live import publish_alerts, publish_removed
from monitoring.alerts.measured import Measured
from monitoring.alerts.models import Alert, AlertEvent, Rule, Turn
from monitoring.alerts.picture import Picture
from monitoring.alerts.reading import read
from monitoring.alerts.states import FLAP_WINDOW
from monitoring.alerts.telling import maintenance_until, tell, to_tell

# A longer pause between two turns: nobody was there, and nobody knows what was meanwhile.
BREAK: Final = timedelta(seconds=60)
_BATCH: Final = 200
_WRITTEN: Final = (
    "severity", "rank", "step", "subject_id", "state", "message", "value", "cause", "pending_at",
    "firing_at", "resolved_at", "seen_at", "clear_since", "unseen_since", "unseen_because", "flaps",
    "told_at", "told_step", "maintenance_until", "version",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clock:
    """When the last turn was, and since when there were turns without a break."""

    last: datetime | None
    resumed_at: datetime | None


def turn(measured: Measured, *, now: datetime, every: timedelta) -> bool:
    """False when another monitor's turn was less than half of ``every`` ago, or came between."""
    clock = _clock(now)
    if clock.last is not None and abs(now - clock.last) < every / 2:
        return False
    if clock.last is not None and now < clock.last and clock.resumed_at != now:
        return False  # another machine's clock is a little ahead of ours
    rules = list(Rule.objects.filter(enabled=True))
    picture = read(rules, measured, now=now, resumed_at=clock.resumed_at)
    with transaction.atomic():
        mine = Turn.objects.filter(pk=1, at=clock.last)
        if not mine.update(at=now, resumed_at=clock.resumed_at):
            return False
        write(_judged(rules, picture, clock.resumed_at), picture)
    return True


def _clock(now: datetime) -> Clock:
    row, _ = Turn.objects.get_or_create(pk=1)
    if row.at is None or abs(now - row.at) > BREAK:
        return Clock(row.at, now)
    return Clock(row.at, row.resumed_at)


def _judged(rules: list[Rule], picture: Picture, resumed_at: datetime | None) -> Changes:
    rows = Alert.objects.open().select_related("rule").order_by("pk")
    held = list(rows.select_for_update(of=("self",)))
    judge = Judge(picture, held, _before(picture.now), resumed_at=resumed_at)
    return judge.judge(rules)


def _before(now: datetime) -> dict[tuple[int, str], Before]:
    """Of alerts that ended lately, or are muted for longer than they lasted."""
    lately = Q(resolved_at__gte=now - FLAP_WINDOW) | Q(muted_until__gt=now)
    rows = Alert.objects.filter(lately, state=Alert.State.RESOLVED, rule__isnull=False)
    columns = ("rule_id", "subject", "flaps", "resolved_at", "muted_until", "muted_by")
    return {
        (rule, subject): Before(flaps, at, until, by)
        for rule, subject, flaps, at, until, by in rows.order_by("resolved_at").values_list(
            *columns
        )
    }


def write(changes: Changes, picture: Picture) -> None:
    """In the caller's transaction."""
    causes.attach(changes.fired, now=picture.now)
    noted = _in_maintenance([*changes.firing, *changes.new], picture)
    Alert.objects.bulk_create(changes.new, batch_size=_BATCH)
    news = to_tell(changes.firing, now=picture.now)
    for alert in changes.resolved:
        _tell_end(alert, changes, picture.now)
    for alert in news:
        _tell(alert, changes, picture.now)
    # New ones once more: what was told of them is only known now that they have a key.
    rows = _once([*changes.changed, *noted, *news])
    Alert.objects.bulk_update(rows, _WRITTEN, batch_size=_BATCH)
    AlertEvent.objects.bulk_create(changes.events, batch_size=_BATCH)
    Alert.objects.filter(pk__in=[one.pk for one in changes.dropped]).delete()
    publish_alerts(_once([*changes.loud, *noted, *news]))
    publish_removed(changes.dropped)


def _in_maintenance(alerts: Collection[Alert], picture: Picture) -> list[Alert]:
    """Those for which a window has opened or ended."""
    noted = []
    for alert in alerts:
        until = maintenance_until(alert, picture)
        if until != alert.maintenance_until:
            alert.maintenance_until = until
            if alert.pk:
                alert.version += 1
                noted.append(alert)
    return noted


def _tell(alert: Alert, changes: Changes, now: datetime) -> None:
    again = alert.told_at is not None
    count = tell(alert, "firing")
    alert.told_at, alert.told_step = alert.told_at or now, alert.step
    _note(count, alert, changes, now, ", once more" if again else "")


def _tell_end(alert: Alert, changes: Changes, now: datetime) -> None:
    """Only to who has heard of it."""
    if alert.told_at is None:
        return
    ended = [one.text for one in changes.events if one.alert is alert and one.what == "resolved"]
    _note(tell(alert, "resolved", words=ended[-1] if ended else ""), alert, changes, now)


def _note(count: int, alert: Alert, changes: Changes, now: datetime, more: str = "") -> None:
    if count:
        changes.note(alert, now, "told", f"{count} channel{'' if count == 1 else 's'}{more}")


def _once(alerts: Collection[Alert]) -> list[Alert]:
    return list({one.pk: one for one in alerts}.values())
