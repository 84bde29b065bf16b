"""Making, changing, removing and restoring rules: for whoever manages all of them. On record."""

from __future__ import annotations

from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.acts import record_act
from audit.record import Actor
from monitoring.alerts.defaults import SHIPPED
from monitoring.alerts.kinds import VALUES, Kind, Severity
from monitoring.alerts.models import Rule
from monitoring.alerts.shown import rule_out
from provisioning.engine import EngineError, Refused
from provisioning.engine.errors import BadParams, Conflict, KeyReused
from provisioning.permission import holds

MANAGE: Final = "monitoring.manage_rule"
MAX_S: Final = 7 * 86_400
_WITH_LIMIT: Final = (Kind.THRESHOLD, Kind.DISK_FILLING)


def create(values: dict[str, Any], *, actor: Actor, idempotency_key: str | None = None) -> Rule:
    """Raises Refused, BadParams naming the field, Conflict for a key of another rule."""
    key = (idempotency_key or "")[:100] or None
    earlier = Rule.objects.filter(created_by=actor.name[:150], idempotency_key=key).first()
    if key and earlier is not None:
        if (earlier.name, earlier.kind) != (values["name"], values["kind"]):
            raise KeyReused
        return earlier
    try:
        row = Rule(created_by=actor.name[:150], idempotency_key=key)
        return _keep(row, values, actor, "create")
    except IntegrityError:
        raise KeyReused from None


def change(row: Rule, values: dict[str, Any], *, actor: Actor) -> Rule:
    """Only what is given. What a rule is about cannot become something else. Raises as `create`."""
    return _keep(row, values, actor, "change")


def restore(row: Rule, *, actor: Actor) -> Rule:
    """As SiteFlow came with it. Raises Refused, Conflict for one that people made."""
    if row.shipped not in SHIPPED:
        raise Conflict("This rule did not come with SiteFlow.", code="not_shipped")
    return _keep(row, SHIPPED[row.shipped], actor, "restore")


def remove(row: Rule, *, actor: Actor) -> None:
    """Its alerts end with it. Raises Refused, Conflict for one that SiteFlow came with."""
    _permit(row, "remove", actor)
    if row.shipped in SHIPPED:
        words = "This rule came with SiteFlow and would be back: switch it off instead."
        error = Conflict(words, code="shipped")
        _on_record("remove", row, actor, error=error)
        raise error
    with transaction.atomic():
        told = rule_out(row)
        key = row.pk
        row.delete()
        row.pk = key  # for the entry
        _on_record("remove", row, actor, before=told)


def _keep(row: Rule, values: dict[str, Any], actor: Actor, act: str) -> Rule:
    before = rule_out(row) if row.pk else None
    _permit(row, act, actor)
    kind = row.kind
    for name, value in values.items():
        setattr(row, name, value)
    try:
        if kind and row.kind != kind:
            raise BadParams("A rule stays about what it was made for.", field="kind")
        check(row)
    except EngineError as error:
        _on_record(act, row, actor, error=error)
        raise
    row.changed_at, row.changed_by = timezone.now(), actor.name[:150]
    with transaction.atomic():
        row.save()
        _on_record(act, row, actor, before=before, after=rule_out(row))
    return row


def check(row: Rule) -> None:
    """Raises BadParams, also for what the kind has no use for."""
    row.name = row.name.strip()
    if not row.name or len(row.name) > 100:
        raise BadParams("A name of at most 100 characters.", field="name")
    if row.kind not in Kind.values:
        raise BadParams(f"One of {', '.join(Kind.values)}.", field="kind")
    if row.severity not in Severity.values:
        raise BadParams(f"One of {', '.join(Severity.values)}.", field="severity")
    for name in ("for_s", "clear_for_s"):
        if not 0 <= getattr(row, name) <= MAX_S:
            raise BadParams(f"Between 0 and {MAX_S} seconds.", field=name)
    if sum(one is not None for one in (row.host, row.site, row.tag)) > 1:
        raise BadParams("One of host, site and tag, or none for everything.", field="host")
    if row.kind == Kind.THRESHOLD:
        _check_value(row)
    else:
        _has_none(row, "of", "metric")
    if row.kind in _WITH_LIMIT:
        _check_limits(row)
    else:
        _has_none(row, "threshold", "clear_threshold")


def _has_none(row: Rule, *names: str) -> None:
    for name in names:
        if getattr(row, name) not in ("", None):
            raise BadParams(f"Rules of the kind {row.kind} have none.", field=name)


def _check_value(row: Rule) -> None:
    if row.of not in VALUES:
        raise BadParams(f"One of {', '.join(VALUES)}.", field="of")
    if row.metric not in VALUES[row.of]:
        raise BadParams(f"One of {', '.join(VALUES[row.of])}.", field="metric")
    if row.direction not in Rule.Direction.values:
        raise BadParams("above or below.", field="direction")


def _check_limits(row: Rule) -> None:
    """A threshold is left on the side where it is well."""
    if row.kind == Kind.DISK_FILLING:
        row.direction = Rule.Direction.BELOW
    if row.threshold is None:
        raise BadParams("A number.", field="threshold")
    if row.clear_threshold is None:
        return
    above = row.direction == Rule.Direction.ABOVE
    if (row.clear_threshold > row.threshold) if above else (row.clear_threshold < row.threshold):
        side = "below" if above else "above"
        raise BadParams(f"The threshold itself, or {side} it.", field="clear_threshold")


def _permit(row: Rule, act: str, actor: Actor) -> None:
    if not holds(actor, MANAGE, None):
        error = Refused(f"{actor.name or 'You'} may not {act} what is an alert.")
        _on_record(act, row, actor, error=error)
        raise error


def _on_record(act: str, row: Rule, actor: Actor, **told: Any) -> None:
    record_act(f"rule.{act}", actor=actor, key=row.pk, name=row.name, **told)
