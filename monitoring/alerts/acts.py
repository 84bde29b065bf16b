"""Acknowledging and muting alerts, and maintenance windows. Each is on record, and each refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from audit.acts import record_act
from audit.record import Actor
from monitoring.alerts.kinds import Type
from monitoring.alerts.live import publish_alerts
from monitoring.alerts.models import ACTED_ON_BY, Alert, AlertEvent, Maintenance
from provisioning.engine import EngineError, Refused
from provisioning.engine.errors import BadParams, Conflict, KeyReused
from provisioning.permission import reach_of
from sites.models import Host, Site, Tag

MAX_NOTE: Final = 1000
MAX_WHY: Final = 300
LONGEST_MUTE: Final = timedelta(days=366)
LONGEST_WINDOW: Final = timedelta(days=92)


def acknowledge(row: Alert, *, actor: Actor, note: str = "") -> Alert:
    """Somebody looks after it. Raises Refused, Conflict when it is over already."""

    def change(alert: Alert, now: datetime) -> str:
        alert.acknowledged_at, alert.acknowledged_by = now, actor.name[:150]
        alert.note = _words(note, MAX_NOTE, "note")
        return alert.note

    return _act(row, "acknowledge", "acknowledged", actor, change)


def mute(row: Alert, *, actor: Actor, until: datetime | None, note: str = "") -> Alert:
    """Nobody is told of it until then, also if it comes again; None: from now on again.

    Raises Refused, Conflict when it is over already, BadParams.
    """

    def change(alert: Alert, now: datetime) -> str:
        if until is not None and not now < until <= now + LONGEST_MUTE:
            words = "A mute ends in the future, and within a year."
            raise BadParams(words, field="until")
        alert.muted_until = until
        alert.muted_by = actor.name[:150] if until else ""
        if words := _words(note, MAX_NOTE, "note"):
            alert.note = words
        return f"until {until:%Y-%m-%d %H:%M} UTC. {words}".strip() if until else words

    return _act(row, "mute" if until else "unmute", "muted" if until else "unmuted", actor, change)


def _act(
    row: Alert, act: str, what: str, actor: Actor, change: Callable[[Alert, datetime], str]
) -> Alert:
    now = timezone.now()
    try:
        _permit(row, act, actor)
        with transaction.atomic():
            alert = Alert.objects.select_for_update().get(pk=row.pk)
            if not alert.is_open:
                raise Conflict("This alert is over already.", code="already_ended")
            was = _kept(alert)
            text = change(alert, now)
            if _kept(alert) == was:
                return alert  # asked for twice
            alert.version = F("version") + 1
            alert.save(update_fields=[*_KEPT, "version"])
            alert.refresh_from_db()
            event = AlertEvent(alert=alert, at=now, what=what, text=text, by=actor.name[:150])
            event.save()
            publish_alerts([alert])
            _on_record(act, alert, actor, after={"note": text})
    except EngineError as error:
        _on_record(act, row, actor, error=error)
        raise
    return alert


def _kept(alert: Alert) -> tuple[Any, ...]:
    return alert.acknowledged_by, alert.note, alert.muted_until, alert.muted_by


_KEPT: Final = ("acknowledged_at", "acknowledged_by", "note", "muted_until", "muted_by")


def _permit(row: Alert, act: str, actor: Actor) -> None:
    if not may_act(actor, row):
        raise Refused(f"{actor.name or 'You'} may not {act} this.")


def may_act(actor: Actor, row: Alert) -> bool:
    return reach_of(actor, ACTED_ON_BY[Type(row.subject_type)]).covers(*row.place)


@dataclass(frozen=True)
class Span:
    """A window as it is wanted, for one of host, site and tag, or for everything."""

    begins_at: datetime
    ends_at: datetime
    why: str
    host: Host | None = None
    site: Site | None = None
    tag: Tag | None = None


def span_changed(row: Maintenance, given: dict[str, Any]) -> Span:
    """The window as it is, but for the times and words that are given."""
    kept = {name: getattr(row, name) for name in ("begins_at", "ends_at", "why")}
    told = {name: value for name, value in given.items() if value is not None}
    return Span(**{**kept, **told}, host=row.host, site=row.site, tag=row.tag)


def plan_maintenance(
    wanted: Span, *, actor: Actor, idempotency_key: str | None = None
) -> Maintenance:
    """Raises Refused, BadParams, Conflict for a key of another window."""
    key = (idempotency_key or "")[:100] or None
    name = actor.name[:150]
    earlier = Maintenance.objects.filter(created_by=name, idempotency_key=key).first()
    if key and earlier is not None:
        if earlier.why != wanted.why.strip() or earlier.ends_at != wanted.ends_at:
            raise KeyReused
        return earlier
    try:
        return _keep(Maintenance(created_by=name, idempotency_key=key), wanted, actor, "create")
    except IntegrityError:
        raise KeyReused from None


def change_maintenance(row: Maintenance, wanted: Span, *, actor: Actor) -> Maintenance:
    """Where it was and where it comes to both need the right. Raises Refused, BadParams."""
    _permit_window(row, "change", actor)
    return _keep(row, wanted, actor, "change")


def end_maintenance(row: Maintenance, *, actor: Actor) -> None:
    """Removes it; what is still wrong is told again. Raises Refused."""
    _permit_window(row, "remove", actor)
    with transaction.atomic():
        key = row.pk
        row.delete()
        row.pk = key  # for the entry
        _window_on_record("remove", row, actor)


def _keep(row: Maintenance, wanted: Span, actor: Actor, act: str) -> Maintenance:
    row.host, row.site, row.tag = wanted.host, wanted.site, wanted.tag
    row.begins_at, row.ends_at, row.why = wanted.begins_at, wanted.ends_at, wanted.why.strip()
    _permit_window(row, act, actor)
    try:
        _check(row)
    except EngineError as error:
        _window_on_record(act, row, actor, error=error)
        raise
    with transaction.atomic():
        row.save()
        _window_on_record(act, row, actor, after=_told_of(row))
    return row


def _check(row: Maintenance) -> None:
    if not row.why or len(row.why) > MAX_WHY:
        raise BadParams(f"Say why, in at most {MAX_WHY} characters.", field="why")
    if sum(one is not None for one in (row.host, row.site, row.tag)) > 1:
        raise BadParams("One of host, site and tag, or none for everything.", field="host")
    if not row.begins_at < row.ends_at:
        raise BadParams("It has to end after it begins.", field="ends_at")
    if row.ends_at - row.begins_at > LONGEST_WINDOW:
        raise BadParams(f"{LONGEST_WINDOW.days} days at most.", field="ends_at")


def _permit_window(row: Maintenance, act: str, actor: Actor) -> None:
    if not may_plan(actor, row):
        words = f"{actor.name or 'You'} may not {act} a maintenance window of {row.scope}."
        error = Refused(words)
        _window_on_record(act, row, actor, error=error)
        raise error


def may_plan(actor: Actor, row: Maintenance) -> bool:
    """Of a tag or of everything: whoever operates every host."""
    if row.site is not None:
        return reach_of(actor, "sites.operate_site").covers(*row.place)
    found = reach_of(actor, "sites.operate_host")
    return found.everywhere if row.host is None else found.covers(*row.place)


def _told_of(row: Maintenance) -> dict[str, Any]:
    return {
        "scope": row.scope,
        "begins_at": row.begins_at.isoformat(),
        "ends_at": row.ends_at.isoformat(),
        "why": row.why,
    }


def _on_record(act: str, row: Alert, actor: Actor, **told: Any) -> None:
    told |= {"host_name": row.host_name, "place": row.place}
    record_act(f"alert.{act}", actor=actor, key=row.pk, name=str(row), **told)


def _window_on_record(act: str, row: Maintenance, actor: Actor, **told: Any) -> None:
    record_act(
        f"maintenance.{act}", actor=actor, key=row.pk, name=row.scope, place=row.place, **told
    )


def _words(text: str, most: int, name: str) -> str:
    text = text.strip()
    if len(text) > most:
        raise BadParams(f"At most {most} characters.", field=name)
    return text
