"""Operations over HTTP: ask for one or many, list, follow, cancel, retry."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from audit.record import Actor
from provisioning import engine
from provisioning.asking import ask, ask_many
from provisioning.filters import OperationFilter
from provisioning.models import Operation
from provisioning.operations import VERBS
from provisioning.schemas import (
    LineOut,
    OperationDetail,
    OperationOut,
    line_out,
    operation_detail,
    operation_out,
)
from sites.answers import (
    IDEMPOTENCY_KEY,
    found,
    idempotency_key,
    json_answer,
    list_parameters,
    need,
)
from sites.paging import Page, Paging, filtered, page_of

operations = Router(tags=["operations"])

ORDERS: Final = {"id": "pk", "kind": "kind", "status": "status", "target_name": "target_name"}
MAX_TARGETS: Final = 500
MAX_LINES: Final = 1000
_CHANGES: Final[dict[str, Any]] = {"parameters": [IDEMPOTENCY_KEY]}


class NewOperation(Schema):
    """One ``target_id``, or several ``target_ids`` for the same verb on each.

    A verb that must be confirmed wants the target's name in ``confirm_name``, or for several the
    number of targets in ``confirm_count``.
    """

    kind: str = Field(json_schema_extra={"enum": list(VERBS)})
    target_type: str | None = None
    target_id: int | None = None
    target_ids: list[int] | None = Field(None, min_length=1, max_length=MAX_TARGETS)
    params: dict[str, Any] = {}
    confirm_name: str | None = None
    confirm_count: int | None = None


class Refusal(Schema):
    target_id: int
    code: str
    message: str


class Batch(Schema):
    batch: str
    operations: list[OperationOut]
    refused: list[Refusal]


class OperationPage(Page):
    items: list[OperationOut]


class OutputQuery(Schema):
    after: int = Field(0, ge=0, description="only lines with a higher number")
    limit: int = Field(MAX_LINES, ge=1, le=MAX_LINES)


class Output(Schema):
    """``next_after`` is the number to ask on from; ``ended``: no more lines will come."""

    lines: list[LineOut]
    next_after: int
    status: str
    observed_at: datetime
    observed_by: str
    ended: bool


class Again(Schema):
    confirm_name: str | None = None


def rows_of(request: HttpRequest) -> Any:
    return Operation.objects.visible_to(request.user).defer("journal")


@operations.post("", response={202: OperationOut | Batch}, openapi_extra=_CHANGES)
def start_operation(request: HttpRequest, body: NewOperation) -> HttpResponse:
    """Ask for something to be done. Answers when it is accepted, not when it has ended."""
    asked: dict[str, Any] = {
        "user": request.user,
        "actor": Actor.of_request(request, "api"),
        "target_type": body.target_type,
        "params": body.params,
        "idempotency_key": idempotency_key(request),
    }
    if body.target_ids is not None:
        batch, rows, refused = ask_many(
            body.kind, target_ids=body.target_ids, confirm_count=body.confirm_count, **asked
        )
        accepted = [operation_out(row) for row in rows]
        return json_answer({"batch": batch, "operations": accepted, "refused": refused}, status=202)
    row = ask(body.kind, target_id=body.target_id, confirm_name=body.confirm_name, **asked)
    return json_answer(operation_out(row), status=202)


@operations.get("", response=OperationPage, openapi_extra=list_parameters(OperationFilter))
def list_operations(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """All operations, newest first. Order by id, kind, status or target_name."""
    need(request.user, "provisioning.view_operation")
    rows = filtered(OperationFilter, request, rows_of(request))
    return json_answer(page_of(rows, paging, orderings=ORDERS, default="-id", out=operation_out))


@operations.get("/{int:operation_id}", response=OperationDetail)
def show_operation(request: HttpRequest, operation_id: int) -> HttpResponse:
    rows = rows_of(request).prefetch_related("steps")
    return json_answer(operation_detail(found(rows, operation_id)))


@operations.get("/{int:operation_id}/output", response=Output)
def operation_output(
    request: HttpRequest, operation_id: int, query: Query[OutputQuery]
) -> HttpResponse:
    """What it printed, in order of its lines."""
    row = found(rows_of(request), operation_id)
    lines = list(row.output.filter(number__gt=query.after).order_by("number")[: query.limit])
    last = lines[-1].number if lines else query.after
    content = {
        "lines": [line_out(line) for line in lines],
        "next_after": last,
        "status": row.status,
        "observed_at": row.observed_at,
        "observed_by": row.observed_by,
        # The row was read before its lines: when it had ended, no line can have come since.
        "ended": not row.is_active and len(lines) < query.limit,
    }
    return json_answer(content)


@operations.post("/{int:operation_id}/cancel", response={202: OperationOut}, openapi_extra=_CHANGES)
def cancel_operation(request: HttpRequest, operation_id: int) -> HttpResponse:
    """A queued operation ends at once, a running one at its next step."""
    actor = Actor.of_request(request, "api")
    row = found(rows_of(request), operation_id)
    again = idempotency_key(request) and row.cancel_requested_by == actor.name[:150]
    if not again:
        row = engine.cancel(row, actor=actor)
    return json_answer(operation_out(row), status=202)


@operations.post("/{int:operation_id}/retry", response={202: OperationOut}, openapi_extra=_CHANGES)
def retry_operation(
    request: HttpRequest, operation_id: int, body: Again | None = None
) -> HttpResponse:
    """The same again, as a new operation."""
    row = engine.retry(
        found(rows_of(request), operation_id),
        actor=Actor.of_request(request, "api"),
        confirm_name=body.confirm_name if body else None,
        idempotency_key=idempotency_key(request),
    )
    return json_answer(operation_out(row), status=202)
