"""Wizards over HTTP: the same moves as in the console, for whoever is asked them here and now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Body, Field, Query, Router, Schema

from audit.record import Actor
from provisioning.wizards import moves
from provisioning.wizards.models import Wizard
from provisioning.wizards.shape import WizardOut, wizard_out
from provisioning.wizards.types import TYPES
from sites.answers import IDEMPOTENCY_KEY, found, idempotency_key, json_answer
from sites.paging import Page, Paging, page_of

wizards = Router(tags=["wizards"])
_CHANGES: Final[dict[str, Any]] = {"parameters": [IDEMPOTENCY_KEY]}


class NewWizard(Schema):
    """``initial_state`` holds values by step: ``{"connection": {"name": …}}``."""

    wizard_type: str = Field(json_schema_extra={"enum": list(TYPES)})
    initial_state: dict[str, dict[str, Any]] = {}


class Seen(Schema):
    version: int | None = Field(
        None, description="as last read: refused if it was gone on with elsewhere meanwhile"
    )


class WizardPage(Page):
    items: list[WizardOut]


def rows_of(request: HttpRequest) -> Any:
    return Wizard.objects.visible_to(request.user).select_related("host__credential")


def _guard(request: HttpRequest, seen: Seen) -> moves.Guard:
    return moves.Guard(seen.version, (idempotency_key(request) or "")[:100])


@wizards.post("/start", response={201: WizardOut}, openapi_extra=_CHANGES)
def start_wizard(request: HttpRequest, body: NewWizard) -> HttpResponse:
    """Start a wizard. It waits a week for its next step."""
    actor = Actor.of_request(request, "api")
    key = (idempotency_key(request) or "")[:100]
    row = moves.start(body.wizard_type, actor=actor, initial=body.initial_state, key=key)
    return json_answer(wizard_out(row), status=201)


@wizards.get("", response=WizardPage)
def list_wizards(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """One's own wizards, the newest first."""
    return json_answer(
        page_of(rows_of(request), paging, orderings={"id": "pk"}, default="-id", out=wizard_out)
    )


@wizards.get("/{int:wizard_id}", response=WizardOut)
def show_wizard(request: HttpRequest, wizard_id: int) -> HttpResponse:
    return json_answer(wizard_out(found(rows_of(request), wizard_id)))


@wizards.post("/{int:wizard_id}/step", response=WizardOut, openapi_extra=_CHANGES)
def save_step(
    request: HttpRequest, wizard_id: int, seen: Query[Seen], values: Body[dict[str, Any]]
) -> HttpResponse:
    """Save the present step's values. Secrets are kept encrypted and never shown again.

    Saving a fingerprint in the step ``ssh_test`` approves the key that the host offers.
    """
    row = moves.save_step(
        found(rows_of(request), wizard_id),
        values,
        actor=Actor.of_request(request, "api"),
        guard=_guard(request, seen),
    )
    return json_answer(wizard_out(row))


def _move(name: str, call: Callable[..., Wizard], summary: str) -> None:
    def view(request: HttpRequest, wizard_id: int, seen: Query[Seen]) -> HttpResponse:
        row = found(rows_of(request), wizard_id)
        actor = Actor.of_request(request, "api")
        return json_answer(wizard_out(call(row, actor=actor, guard=_guard(request, seen))))

    wizards.add_api_operation(
        f"/{{int:wizard_id}}/{name}",
        ["POST"],
        view,
        response=WizardOut,
        operation_id=f"wizard_{name}",
        summary=summary,
        openapi_extra=_CHANGES,
    )


for _name, _call, _summary in (
    ("next", moves.go_on, "Go on to the next step"),
    ("previous", moves.go_back, "Go back to the step before"),
    ("test", moves.test, "Start the present step's test, an operation"),
    ("complete", moves.complete, "Complete the wizard at its last step"),
    ("cancel", moves.cancel, "Cancel the wizard and take back what it was setting up"),
):
    _move(_name, _call, _summary)
