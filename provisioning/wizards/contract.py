"""What a wizard is made of: steps, each with what it takes and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from audit.record import Actor
from provisioning.models import Operation
from provisioning.wizards.models import Wizard


class Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _no_effect(row: Wizard, values: Any, actor: Actor) -> None: ...


def _no_reason(row: Wizard) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class WizardStep:
    """One step.

    ``schema`` says what it takes; its SecretStr fields are kept encrypted. Nobody goes on past a
    ``needed`` step that was not saved. ``save`` may refuse what was given (EngineError or VerbError
    with the field) or act on it. ``unmet`` says why one cannot go on yet, "" when one can.
    ``leave`` acts when one goes on. ``test`` starts an operation, and ``result`` reads what it
    found. Whatever acts makes one call of the engine.
    """

    name: str
    title: str
    schema: type[BaseModel] = Nothing
    needed: bool = False
    save: Callable[[Wizard, Any, Actor], None] = _no_effect
    unmet: Callable[[Wizard], str] = _no_reason
    leave: Callable[[Wizard, Actor], None] | None = None
    test: Callable[[Wizard, Actor], Operation] | None = None
    result: Callable[[Wizard, Operation], dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class WizardType:
    """``permission`` is asked at every call. ``about`` tells of what the wizard is making."""

    kind: str
    title: str
    permission: str
    steps: tuple[WizardStep, ...]
    complete: Callable[[Wizard, Actor], None]
    cancel: Callable[[Wizard, Actor], None]
    about: Callable[[Wizard], dict[str, Any]]

    def index(self, name: str) -> int:
        return [step.name for step in self.steps].index(name)

    def step(self, name: str) -> WizardStep:
        return self.steps[self.index(name)]
