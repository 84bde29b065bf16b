"""Ending an operation early, and asking for it again."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from audit.record import Actor, record
from provisioning.engine.accept import start
from provisioning.engine.errors import Conflict, Refused
from provisioning.engine.outcome import Outcome, finish
from provisioning.live import publish_operation
from provisioning.models import Operation
from provisioning.operations import VERBS
from provisioning.operations.contract import Sealed
from provisioning.permission import holds

_PERMISSION = "provisioning.cancel_operation"


def cancel(row: Operation, *, actor: Actor) -> Operation:
    """Ends a queued operation at once; a running one ends at its next step.

    What a step has already asked of the host is not taken back: the outcome says how far it came.
    Raises Conflict when it has ended, Refused without the permission.
    """
    _permit(row, actor, "operation.cancel")
    with transaction.atomic():
        asked = Operation.objects.filter(pk=row.pk, status__in=Operation.ACTIVE).update(
            cancel_requested_at=timezone.now(),
            cancel_requested_by=actor.name[:150],
            version=F("version") + 1,
        )
        if not asked:
            raise Conflict(f"Operation {row.pk} has already ended.", code="already_ended")
        _on_record(row, actor, "operation.cancel", "accepted")
        row.refresh_from_db()
        publish_operation(row)
    if row.status == Operation.Status.QUEUED:
        finish(row, Outcome.cancelled(actor.name))
    return row


def retry(
    row: Operation,
    *,
    actor: Actor,
    confirm_name: str | None = None,
    idempotency_key: str | None = None,
) -> Operation:
    """Starts an ended operation again as a new one that names the old, confirmed anew."""
    _permit(row, actor, "operation.retry")
    if row.is_active:
        raise Conflict(f"Operation {row.pk} is still under way.", code="still_active")
    verb = VERBS[row.kind]
    rows = verb.target._default_manager if verb.target else None
    target = rows.filter(pk=row.target_id).first() if rows else None
    if verb.inline or target is None:
        raise Conflict(
            f"{row.kind} of {row.target_name} cannot be repeated.", code="not_repeatable"
        )
    if issubclass(verb.params, Sealed):
        words = f"The secrets of {row.kind} were kept until it ended and no longer: ask anew."
        raise Conflict(words, code="not_repeatable")
    return start(
        row.kind,
        target,
        actor=actor,
        # A plan that was looked at then says nothing of what is there now.
        params={name: value for name, value in row.params.items() if name != "plan_digest"},
        confirm_name=confirm_name,
        idempotency_key=idempotency_key,
        retry_of=row,
    )


def _permit(row: Operation, actor: Actor, action: str) -> None:
    if not holds(actor, _PERMISSION, row):
        _on_record(row, actor, action, "refused")
        raise Refused(f"{actor.name or 'You'} may not cancel or retry operations.")


def _on_record(row: Operation, actor: Actor, action: str, status: str) -> None:
    record(
        phase="event",
        action=action,
        status=status,
        actor=actor,
        target_type="operation",
        target_id=row.pk,
        target_name=str(row),
        host_name=row.host_name,
        place=row.place,
        operation_id=row.pk,
    )
