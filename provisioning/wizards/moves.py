"""Every move in a wizard: start, save a step, go on, go back, test, complete, cancel.

A move locks the wizard's row and makes at most one call of the engine. When that refuses, nothing
of the wizard changes, and the refusal stays on record: it is committed before it is raised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from pydantic import BaseModel, ValidationError

from audit.record import Actor, record
from provisioning.engine.errors import BadParams, Conflict, EngineError, KeyReused, Refused
from provisioning.operations.contract import VerbError
from provisioning.permission import holds
from provisioning.wizards.contract import WizardStep, WizardType
from provisioning.wizards.models import Wizard
from provisioning.wizards.types import TYPES
from sites.rights import place_of

MAX_ACTIVE: Final = 20  # of one person
Values = dict[str, Any]
Change = Callable[[Wizard, WizardType], None]


@dataclass(frozen=True, slots=True)
class Guard:
    """Against doing it twice: the version one looked at, and the Idempotency-Key of the request."""

    version: int | None = None
    key: str = ""

    def is_done(self, row: Wizard, name: str) -> bool:
        """Whether the latest move was this very request. Raises Conflict when it was another."""
        move, _, key = row.last_request.partition(" ")
        if key == self.key and move != name:
            raise KeyReused
        return key == self.key


FREE: Final = Guard()


class UnknownWizard(EngineError):
    code, status = "unknown_wizard", 422


def start(kind: str, *, actor: Actor, initial: Values | None = None, key: str = "") -> Wizard:
    """A new wizard of the account that acts. ``initial`` holds values by step, each checked.

    ``key`` is the Idempotency-Key: with the same one it is the wizard of the first time.
    """
    if kind not in TYPES:
        raise UnknownWizard(f"There is no wizard {kind!r}.", field="wizard_type")
    if actor.user_id is None or not holds(actor, TYPES[kind].permission, None):
        raise _refused(TYPES[kind], None, actor)
    begun = Wizard.objects.filter(owner_id=actor.user_id, start_request=key or None)
    if earlier := begun.first():
        return earlier
    try:
        return _begun(kind, actor.user_id, actor, initial or {}, key)
    except IntegrityError:  # the same request, at the same moment
        return begun.get()


def _begun(kind: str, owner_id: int, actor: Actor, initial: Values, key: str) -> Wizard:
    with transaction.atomic():
        row = Wizard(kind=kind, owner_id=owner_id, step=TYPES[kind].steps[0].name)
        row.start_request = key
        if Wizard.objects.filter(owner_id=owner_id).active().count() >= MAX_ACTIVE:
            raise Conflict("Complete or cancel some of your wizards first.", code="too_many")
        row.save()
        for name, values in initial.items():
            _save(row, _named(TYPES[kind], name), values, actor)
        row.save()
        _on_record(row, "wizard.start", actor, after={"state": row.state} if initial else None)
    return row


def save_step(row: Wizard, values: Values, *, actor: Actor, guard: Guard = FREE) -> Wizard:
    """Checks and keeps what the present step was given. Secrets given before stay."""

    def change(row: Wizard, kind: WizardType) -> None:
        _save(row, kind.step(row.step), values, actor)
        shown = {"step": row.step, **row.state.get(row.step, {}), "given": sorted(row.secrets)}
        _on_record(row, "wizard.save", actor, after=shown)

    return _changed(row, "save_step", change, actor, guard)


def go_on(row: Wizard, *, actor: Actor, guard: Guard = FREE) -> Wizard:
    def change(row: Wizard, kind: WizardType) -> None:
        step = kind.step(row.step)
        if step is kind.steps[-1]:
            raise Conflict("This is the last step: complete the wizard.", code="last_step")
        _ready(row, step)
        if step.leave:
            step.leave(row, actor)
        row.step = kind.steps[kind.index(row.step) + 1].name

    return _changed(row, "go_on", change, actor, guard)


def go_back(row: Wizard, *, actor: Actor, guard: Guard = FREE) -> Wizard:
    def change(row: Wizard, kind: WizardType) -> None:
        if row.step == kind.steps[0].name:
            raise Conflict("This is the first step.", code="first_step")
        row.step = kind.steps[kind.index(row.step) - 1].name

    return _changed(row, "go_back", change, actor, guard)


def test(row: Wizard, *, actor: Actor, guard: Guard = FREE) -> Wizard:
    """Starts the present step's test, an operation, and returns at once."""

    def change(row: Wizard, kind: WizardType) -> None:
        step = kind.step(row.step)
        if step.test is None:
            raise Conflict(f"{step.title} has nothing to test.", code="nothing_to_test")
        operation = step.test(row, actor)
        row.results = {**row.results, step.name: {"operation": operation.pk}}

    return _changed(row, "test", change, actor, guard)


def complete(row: Wizard, *, actor: Actor, guard: Guard = FREE) -> Wizard:
    def change(row: Wizard, kind: WizardType) -> None:
        if row.step != kind.steps[-1].name:
            raise Conflict("Go on to the last step first.", code="not_ready")
        for step in kind.steps:
            _ready(row, step)
        kind.complete(row, actor)
        row.end(Wizard.Status.COMPLETED)
        _on_record(row, "wizard.complete", actor)

    return _changed(row, "complete", change, actor, guard)


def cancel(row: Wizard, *, actor: Actor, guard: Guard = FREE) -> Wizard:
    """Forgets what was given, and takes back what was only being set up."""

    def change(row: Wizard, kind: WizardType) -> None:
        about = about_host(row)
        kind.cancel(row, actor)
        row.end(Wizard.Status.CANCELLED)
        _on_record(row, "wizard.cancel", actor, **about)

    return _changed(row, "cancel", change, actor, guard)


def _changed(row: Wizard, name: str, change: Change, actor: Actor, guard: Guard) -> Wizard:
    kind = TYPES[row.kind]
    if not holds(actor, kind.permission, None):
        raise _refused(kind, row, actor)
    refusal: EngineError | VerbError | None = None
    with transaction.atomic():
        row = Wizard.objects.select_for_update().get(pk=row.pk)
        if guard.key and guard.is_done(row, name):
            return row
        _is_current(row, guard.version)
        try:
            change(row, kind)
            row.version += 1
            row.last_request = f"{name} {guard.key}" if guard.key else ""
            row.updated_at = timezone.now()
            row.save()
        except (EngineError, VerbError) as error:
            refusal = error
    if refusal is not None:
        raise refusal
    return row


def _is_current(row: Wizard, version: int | None) -> None:
    if not row.is_active:
        status = Wizard.Status.EXPIRED if row.status == Wizard.Status.ACTIVE else row.status
        raise Conflict(f"This wizard is {status}; start a new one.", code="ended")
    if version is not None and version != row.version:
        raise Conflict(
            "This wizard was gone on with elsewhere; look at it anew.",
            code="changed_meanwhile",
            details={"version": row.version},
        )


def _ready(row: Wizard, step: WizardStep) -> None:
    reason = step.unmet(row)
    if step.needed and step.name not in row.state:
        reason = f"{step.title} is not filled in yet."
    if reason:
        raise Conflict(reason, code="not_ready", details={"step": step.name})


def _save(row: Wizard, step: WizardStep, values: Values, actor: Actor) -> None:
    given = _parsed(step.schema, values)
    secret = {name for name in step.schema.model_fields if _is_secret(step.schema, name)}
    for name in secret & given.model_fields_set:
        if value := getattr(given, name):
            row.seal(name, value.get_secret_value())
    step.save(row, given, actor)
    kept = given.model_dump(mode="json", exclude=secret, exclude_unset=True)
    row.state = {**row.state, step.name: kept}


def _is_secret(schema: type[BaseModel], name: str) -> bool:
    return "Secret" in str(schema.model_fields[name].annotation)


def _parsed(schema: type[BaseModel], values: Values) -> BaseModel:
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadParams(f"{field or 'step'}: {first['msg']}.", field=field) from None


def _named(kind: WizardType, name: str) -> WizardStep:
    if name not in [step.name for step in kind.steps]:
        raise BadParams(f"{kind.title} has no step {name!r}.", field="initial_state")
    return kind.step(name)


def _refused(kind: WizardType, row: Wizard | None, actor: Actor) -> Refused:
    error = Refused(f"{actor.name or 'You'} may not do this: {kind.title.lower()}.")
    _on_record(row or Wizard(kind=kind.kind), "wizard.start" if row is None else "wizard.change",
               actor, status="refused", error=error.message, error_code=error.code)  # fmt: skip
    return error


def _on_record(row: Wizard, action: str, actor: Actor, **values: Any) -> None:
    given = {"status": "succeeded", **about_host(row), **values}
    record(
        phase="event",
        action=action,
        actor=actor,
        target_type="wizard",
        target_id=row.pk or "",
        target_name=TYPES[row.kind].title,
        **given,
    )


def about_host(row: Wizard) -> Values:
    """What the audit keeps of the host: read before it goes, if it goes."""
    return {"host_name": row.host.name if row.host else "", "place": place_of(row.host)}
