"""How an operation ended: on its row and in the audit, in one transaction, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from audit.record import record
from provisioning.engine import sealing
from provisioning.engine.recorded import actor_of, told_of
from provisioning.live import publish_end, publish_operation
from provisioning.models import Operation, Step
from provisioning.operations.contract import Undone


@dataclass(frozen=True)
class Outcome:
    status: str
    message: str
    error_code: str = ""
    advice: str = ""
    result: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def success(cls, message: str, result: dict[str, Any]) -> Outcome:
        return cls(Operation.Status.SUCCEEDED, message, result=result)

    @classmethod
    def failure(cls, error: Any) -> Outcome:
        """An anticipated failure: it has a code and words of its own."""
        advice = getattr(error, "advice", "")
        undone = isinstance(error, Undone)
        status = Operation.Status.UNDONE if undone else Operation.Status.FAILED
        return cls(status, error.message, error.code, advice)

    @classmethod
    def unexpected(cls, request_id: str) -> Outcome:
        return cls(
            Operation.Status.FAILED,
            "SiteFlow itself failed; the log says why"
            + (f" (request {request_id})." if request_id else "."),
            "internal_error",
            "This is no fault of your host. Look at the target before trying again.",
        )

    @classmethod
    def cancelled(cls, by: str) -> Outcome:
        return cls(Operation.Status.CANCELLED, f"Cancelled by {by or 'request'}.", "cancelled")


def finish(row: Operation, outcome: Outcome, *, output: str = "") -> bool:
    """Ends the operation if it is still the one this worker holds; False when it is not."""
    now = timezone.now()
    with transaction.atomic():
        ended = Operation.objects.filter(
            pk=row.pk, attempts=row.attempts, worker=row.worker, status__in=Operation.ACTIVE
        ).update(
            status=outcome.status,
            percent=100 if outcome.status == Operation.Status.SUCCEEDED else F("percent"),
            message=outcome.message,
            advice=outcome.advice,
            error_code=outcome.error_code,
            result=outcome.result,
            finished_at=now,
            lease_until=None,
            version=F("version") + 1,
        )
        if not ended:
            return False
        Step.objects.filter(operation=row, status=Operation.Status.RUNNING).update(
            status=Operation.Status.FAILED, finished_at=now
        )
        row.refresh_from_db()
        sealing.forget(row)
        _on_record(row, output)
        publish_operation(row, steps=True)
        publish_end(row, "completed" if outcome.status == "succeeded" else "failed")
    return True


def _on_record(row: Operation, output: str) -> None:
    begun = row.started_at or row.created_at
    ended = row.finished_at or timezone.now()
    failed = row.status != Operation.Status.SUCCEEDED
    record(
        phase="outcome",
        status=row.status,
        actor=actor_of(row),
        before=row.journal.get("before"),
        after=row.journal.get("after"),
        output=output,
        error=row.message if failed else "",
        error_code=row.error_code,
        duration_ms=(ended - begun).total_seconds() * 1000,
        **told_of(row),
    )
