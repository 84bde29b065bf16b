"""From a request's words to a call of the engine, the same for API and socket."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from audit.record import Actor
from provisioning import engine
from provisioning.engine.errors import BadParams, UnknownVerb
from provisioning.models import Operation
from provisioning.operations import VERBS
from provisioning.operations.contract import Verb
from sites.answers import NotFound, by_keys, found
from sites.rights import Viewer


def verb_of(kind: str, target_type: str | None = None) -> Verb:
    """The verb of that name. Raises UnknownVerb, and BadParams when it is for other targets."""
    verb = VERBS.get(kind)
    if verb is None:
        raise UnknownVerb(f"There is no verb {kind!r}.", field="kind")
    if target_type and target_type != verb.target_type:
        raise BadParams(f"{kind} is for a {verb.target_type}.", field="target_type")
    return verb


def target_of(verb: Verb, target_id: int | None, user: Viewer) -> Model | None:
    """What the verb is to act on. Raises NotFound also for what this account may not see."""
    if verb.target is None:
        return None
    if target_id is None:
        raise BadParams(f"{verb.kind} needs a {verb.target_type}.", field="target_id")
    rows: Any = verb.target._default_manager
    target: Model = found(rows.visible_to(user), target_id)
    return target


def ask(
    kind: str,
    *,
    target_id: int | None,
    user: Viewer,
    actor: Actor,
    target_type: str | None = None,
    params: dict[str, Any] | None = None,
    confirm_name: str | None = None,
    idempotency_key: str | None = None,
) -> Operation:
    """``engine.start`` on a target given by its key. Raises what that raises, and NotFound."""
    verb = verb_of(kind, target_type)
    try:
        target = target_of(verb, target_id, user)
    except NotFound:
        # The same request again, after it removed what it was about.
        earlier = _earlier(verb, target_id, actor, idempotency_key)
        if earlier is None:
            raise
        return earlier
    return engine.start(
        kind,
        target,
        actor=actor,
        params=params,
        confirm_name=confirm_name,
        idempotency_key=idempotency_key,
    )


def _earlier(
    verb: Verb, target_id: int | None, actor: Actor, idempotency_key: str | None
) -> Operation | None:
    """None also while the target is there: then it is only out of this account's sight."""
    if not idempotency_key or verb.target is None:
        return None
    if verb.target._default_manager.filter(pk=target_id).exists():
        return None
    same = {"actor_name": actor.name[:150], "idempotency_key": idempotency_key[:100]}
    return Operation.objects.filter(kind=verb.kind, target_id=target_id, **same).first()


def ask_many(
    kind: str,
    *,
    target_ids: list[int],
    user: Viewer,
    actor: Actor,
    target_type: str | None = None,
    params: dict[str, Any] | None = None,
    confirm_count: int | None = None,
    idempotency_key: str | None = None,
) -> tuple[str, list[Operation], list[dict[str, Any]]]:
    """The batch, what was accepted and what was refused: ``{"target_id", "code", "message"}``."""
    verb = verb_of(kind, target_type)
    if verb.target is None:
        raise BadParams(f"{kind} has no target.", field="target_ids")
    rows: Any = verb.target._default_manager
    targets = list(by_keys(rows.visible_to(user), target_ids))
    missing = sorted(set(target_ids) - {target.pk for target in targets})
    refused = [_refusal(key, NotFound(verb.target_type)) for key in missing]
    if not targets:
        return "", [], refused
    batch, accepted, errors = engine.start_many(
        kind,
        targets,
        actor=actor,
        params=params,
        confirm_count=confirm_count,
        idempotency_key=idempotency_key,
    )
    refused += [_refusal(target.pk, error) for target, error in errors]
    # The same Idempotency-Key again: the batch is the one of the first time.
    if accepted and all(row.batch != batch for row in accepted):
        batch = accepted[0].batch
    return batch, accepted, refused


def _refusal(key: int, error: Any) -> dict[str, Any]:
    return {"target_id": key, "code": error.code, "message": error.message}
