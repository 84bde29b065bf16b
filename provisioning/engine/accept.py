"""Accepting an operation: permission → lock → row and audit intent → (commit) → doorbell."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils import timezone
from pydantic import BaseModel, ValidationError

from audit.record import Actor, record
from provisioning.drivers.hostile import storable
from provisioning.engine import sealing
from provisioning.engine.doorbell import ring
from provisioning.engine.errors import (
    BadParams,
    Busy,
    Conflict,
    EngineError,
    KeyReused,
    Refused,
    UnknownVerb,
)
from provisioning.engine.in_the_way import around
from provisioning.engine.inline import run_inline
from provisioning.engine.recorded import told_of
from provisioning.live import publish_operation
from provisioning.models import Operation
from provisioning.operations import VERBS
from provisioning.operations.contract import Sealed, Verb, VerbError
from provisioning.permission import holds
from sites.models import Host
from sites.rights import place_of

QUEUE_ALLOWANCE = timedelta(minutes=10)  # waiting for a worker, on top of the verb's own deadline


def start(
    kind: str,
    target: Model | None = None,
    *,
    actor: Actor,
    params: dict[str, Any] | None = None,
    confirm_name: str | None = None,
    idempotency_key: str | None = None,
    batch: str = "",
    retry_of: Operation | None = None,
) -> Operation:
    """Accepts an operation and returns its row; nothing has been done on the host yet.

    The same request while one is under way returns that one. Raises Busy when another operation
    holds the target, Refused without the verb's permission, BadParams, UnknownVerb, Conflict.
    Inline verbs have ended when this returns.
    """
    verb = _verb(kind, target)
    _permit(verb, target, actor)
    try:
        values = _parsed(verb, params or {})
        _confirmed(verb, target, values, confirm_name)
        if verb.judge is not None:
            verb.judge(target, values)
    except (EngineError, VerbError) as error:
        _on_record(verb, target, actor, status="refused", error=error)
        raise
    row = _row(verb, target, actor, values)
    row.batch, row.retry_of = batch, retry_of
    row.idempotency_key = (idempotency_key or "")[:100] or None
    if earlier := _earlier(row):
        return earlier
    try:
        return (
            _begin_inline(verb, row, target, values, actor)
            if verb.inline
            else _queue(row, values, actor)
        )
    except (EngineError, VerbError) as error:
        _on_record(verb, target, actor, status="refused", error=error)
        raise


def start_many(
    kind: str,
    targets: Iterable[Model],
    *,
    actor: Actor,
    params: dict[str, Any] | None = None,
    confirm_count: int | None = None,
    idempotency_key: str | None = None,
) -> tuple[str, list[Operation], list[tuple[Model, EngineError | VerbError]]]:
    """The same verb on several targets: a batch id, what was accepted, and what was not and why.

    A verb that asks for the typed name asks here for the number of targets instead.
    """
    targets = list(targets)
    verb = _verb(kind, targets[0] if targets else None)
    if verb.typed:
        raise BadParams(f"{verb.label} is for one {verb.target_type} at a time.", field="kind")
    if verb.confirm and confirm_count != len(targets):
        raise BadParams(
            f"Confirm {verb.label.lower()} by the number of targets, {len(targets)}.",
            code="confirm_mismatch",
            field="confirm_count",
        )
    batch, accepted, refused = uuid.uuid4().hex, [], []
    for target in targets:
        try:
            name = str(target) if verb.confirm else None
            key = f"{idempotency_key[:80]}:{target.pk}" if idempotency_key else None
            accepted.append(
                start(
                    kind,
                    target,
                    actor=actor,
                    params=params,
                    confirm_name=name,
                    idempotency_key=key,
                    batch=batch,
                )
            )
        except (EngineError, VerbError) as error:
            refused.append((target, error))
    return batch, accepted, refused


def _verb(kind: str, target: Model | None) -> Verb:
    verb = VERBS.get(kind)
    if verb is None:
        raise UnknownVerb(f"There is no verb {kind!r}.", field="kind")
    if verb.target is not None and not isinstance(target, verb.target):
        raise BadParams(f"{kind} needs a {verb.target_type} as its target.", field="target_id")
    return verb


def _permit(verb: Verb, target: Model | None, actor: Actor) -> None:
    if not holds(actor, verb.permission, target):
        error = Refused(f"{actor.name or 'You'} may not {verb.label.lower()} this.")
        _on_record(verb, target, actor, status="refused", error=error)
        raise error


def _parsed(verb: Verb, params: dict[str, Any]) -> BaseModel:
    for name, value in params.items():
        if isinstance(value, str) and storable(value, limit=len(value)) != value:
            raise BadParams(f"{name}: this holds a character that cannot be kept.", field=name)
    try:
        return verb.params.model_validate(params)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadParams(f"{field or 'params'}: {first['msg']}.", field=field) from None


def _confirmed(
    verb: Verb, target: Model | None, values: BaseModel, confirm_name: str | None
) -> None:
    name = str(getattr(values, verb.typed)) if verb.typed else str(target)
    if verb.confirm and confirm_name != name:
        raise BadParams(
            f"Type the name {name!r} to confirm {verb.label.lower()}.",
            code="confirm_mismatch",
            field="confirm_name",
        )


def _row(verb: Verb, target: Model | None, actor: Actor, values: BaseModel) -> Operation:
    now = timezone.now()
    host = target if isinstance(target, Host) else getattr(target, "host", None)
    _, site_id = place_of(target)
    return Operation(
        kind=verb.kind,
        target_type=verb.target_type,
        target_id=target.pk if target else None,
        target_name=str(target)[:255] if target else str(getattr(values, "name", ""))[:255],
        host=host,
        host_name=host.name if host else "",
        site_id=site_id,
        params=_params(verb, values),
        journal=sealing.mark(values),
        actor_id=actor.user_id,
        actor_name=actor.name[:150],
        source=actor.source,
        remote_addr=actor.remote_addr or None,
        user_agent=actor.user_agent[:300],
        request_id=actor.request_id[:64],
        lock=_lock(verb, target),
        created_at=now,
        rung_at=now,
        deadline_at=now + timedelta(seconds=verb.deadline_s) + QUEUE_ALLOWANCE,
    )


def _lock(verb: Verb, target: Model | None) -> str:
    if target is None or verb.inline:
        return ""
    part = f":{verb.apart}" if verb.apart else ""
    return f"{verb.target_type}:{target.pk}{part}"


def _params(verb: Verb, values: BaseModel) -> dict[str, Any]:
    if isinstance(values, Sealed):
        return values.told()
    # Secrets are of a type that never leaves the process: only inline verbs take them.
    return values.model_dump(mode="json", exclude=set(_secrets(verb)))


def _secrets(verb: Verb) -> Iterable[str]:
    return (
        name
        for name, field in verb.params.model_fields.items()
        if "Secret" in str(field.annotation)
    )


def _earlier(row: Operation) -> Operation | None:
    """The operation this idempotency key already stands for."""
    if row.idempotency_key is None:
        return None
    found = Operation.objects.filter(
        actor_name=row.actor_name, idempotency_key=row.idempotency_key
    ).first()
    if found and not _same(found, row):
        raise KeyReused
    return found


def _same(one: Operation, other: Operation) -> bool:
    """The same request; what made its own target names it only in its result."""
    made_it = one.kind in VERBS and VERBS[one.kind].target is None
    return (one.kind, one.params, sealing.marked(one), None if made_it else one.target_id) == (
        other.kind,
        other.params,
        sealing.marked(other),
        other.target_id,
    )


def _queue(row: Operation, values: BaseModel, actor: Actor) -> Operation:
    with transaction.atomic():
        holder = _insert(row)
        if holder is None:
            sealing.seal(row, values)
            record_intent(row, actor)
            transaction.on_commit(lambda: ring(row.pk))
            publish_operation(row)
            return row
    if not _same(holder, row):
        raise Busy(holder)
    _joined(holder, actor)
    return holder


def _insert(row: Operation) -> Operation | None:
    """Saves the row; returns who stands in the way when a constraint forbids it."""
    try:
        with transaction.atomic():
            if holder := around(row):
                return holder
            row.save(force_insert=True)
        return None
    except IntegrityError:
        row.pk = None
        holder = _earlier(row) or Operation.objects.active().filter(lock=row.lock).first()
        if holder is None:
            raise Conflict(
                "Another operation ended at this very moment; try again.", code="try_again"
            ) from None
        return holder


def _begin_inline(
    verb: Verb, row: Operation, target: Model | None, values: BaseModel, actor: Actor
) -> Operation:
    with transaction.atomic():
        row.save(force_insert=True)
        run_inline(verb, row, target, values, actor)
        return row


def record_intent(row: Operation, actor: Actor) -> None:
    after = row.params or None
    record(phase="intent", status="accepted", actor=actor, after=after, **told_of(row))


def _joined(holder: Operation, actor: Actor) -> None:
    joined = {"joined": holder.pk}
    record(phase="event", status="accepted", actor=actor, after=joined, **told_of(holder))


def _on_record(
    verb: Verb, target: Model | None, actor: Actor, *, status: str, error: EngineError | VerbError
) -> None:
    record(
        phase="event",
        action=verb.kind,
        status=status,
        actor=actor,
        target_type=verb.target_type,
        target_id=target.pk if target else "",
        target_name=str(target) if target else "",
        host_name=getattr(getattr(target, "host", target), "name", "") or "",
        place=place_of(target),
        error=error.message,
        error_code=error.code,
    )
