"""The JSON shape of operations, the same for API and socket."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema

from provisioning.models import Operation, OutputLine, Step


class OperationOut(Schema):
    """``status`` was last confirmed at ``observed_at`` by ``observed_by``: its worker, or the queue
    while it waits. ``source`` is by which way it was asked for. ``duration_ms`` counts from the
    start of the run; ``message`` is one sentence for people."""

    id: int
    kind: str
    label: str
    target_type: str
    target_id: int | None
    target_name: str
    host: int | None
    host_name: str
    site: int | None
    params: dict[str, Any]
    batch: str
    retry_of: int | None
    actor: str
    source: str
    status: str
    observed_at: datetime
    observed_by: str
    percent: int
    step: str
    message: str
    advice: str
    error_code: str
    result: dict[str, Any]
    lines: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deadline_at: datetime
    duration_ms: float | None
    attempts: int
    cancel_requested_at: datetime | None
    version: int


class StepOut(Schema):
    name: str
    percent: int
    status: str
    error: str
    attempt: int
    started_at: datetime
    finished_at: datetime | None


class OperationDetail(OperationOut):
    steps: list[StepOut]


class LineOut(Schema):
    number: int
    stream: str
    text: str
    at: datetime


_COMPUTED = {"label", "host", "site", "retry_of", "actor", "duration_ms"}
_AS_THEY_ARE = [name for name in OperationOut.model_fields if name not in _COMPUTED]


def operation_out(row: Operation) -> dict[str, Any]:
    """An operation as OperationOut; needs no further query."""
    ended = row.finished_at
    took = ended - row.started_at if ended and row.started_at else None
    return {
        **{name: getattr(row, name) for name in _AS_THEY_ARE},
        "label": row.label,
        "host": row.host_id,
        "site": row.site_id,
        "retry_of": row.retry_of_id,
        "actor": row.actor_name,
        "duration_ms": round(took.total_seconds() * 1000, 3) if took is not None else None,
    }


def step_out(step: Step) -> dict[str, Any]:
    return {name: getattr(step, name) for name in StepOut.model_fields}


def operation_detail(row: Operation) -> dict[str, Any]:
    return {**operation_out(row), "steps": [step_out(step) for step in row.steps.all()]}


def line_out(line: OutputLine) -> dict[str, Any]:
    return {name: getattr(line, name) for name in LineOut.model_fields}
