"""Why an operation is not accepted. Each with a code, a status and words for the operator."""

from __future__ import annotations

from typing import Any

from provisioning.models import Operation


class EngineError(Exception):
    """Nothing was begun and nothing changed."""

    code = "not_accepted"
    status = 400

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        field: str = "",
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field
        self.details = details or {}


class UnknownVerb(EngineError):
    code, status = "unknown_verb", 404


class BadParams(EngineError):
    code, status = "bad_params", 422


class Refused(EngineError):
    """The account lacks the verb's permission."""

    code, status = "forbidden", 403


class Conflict(EngineError):
    code, status = "conflict", 409


class KeyReused(Conflict):
    """An Idempotency-Key came again with something else."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request.")


class Busy(EngineError):
    """Another operation holds the lock."""

    code, status = "busy", 409

    def __init__(self, holder: Operation) -> None:
        super().__init__(
            f"{holder.target_name} is busy: {holder.actor_name} started {holder.kind} at "
            f"{holder.created_at:%H:%M:%S} UTC (operation {holder.pk}).",
            details={
                "operation": holder.pk,
                "kind": holder.kind,
                "actor": holder.actor_name,
                "since": holder.created_at,
            },
        )
