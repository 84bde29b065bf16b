"""What was done with one thing of ours, or refused: the entry that such acts have in common."""

from __future__ import annotations

from typing import Any, Protocol

from audit.actor import Actor
from audit.models import Entry
from audit.record import record


class Refusal(Protocol):
    """An error with words for people and a code for programs."""

    message: str
    code: str


def record_act(
    action: str,
    *,
    actor: Actor,
    key: int | str | None,
    name: str,
    error: Refusal | None = None,
    **more: Any,
) -> Entry:
    """``action`` is what the thing is and what was done with it: "rule.create". ``more`` is what
    `record` takes besides; with an ``error``, it was refused."""
    return record(
        phase="event",
        action=action,
        status="refused" if error else "succeeded",
        actor=actor,
        target_type=action.partition(".")[0],
        target_id=key or "",
        target_name=name,
        error=error.message if error else "",
        error_code=error.code if error else "",
        **more,
    )
