"""What the entries of the audit say of an operation, each of them the same."""

from __future__ import annotations

from typing import Any

from audit.record import Actor
from provisioning.models import Operation


def told_of(row: Operation) -> dict[str, Any]:
    return {
        "action": row.kind,
        "target_type": row.target_type,
        "target_id": row.target_id or "",
        "target_name": row.target_name,
        "host_name": row.host_name,
        "place": row.place,
        "operation_id": row.pk,
    }


def actor_of(row: Operation) -> Actor:
    """Who started the operation, as kept on its row."""
    return Actor(
        user_id=row.actor_id,
        name=row.actor_name,
        source=row.source,
        remote_addr=row.remote_addr,
        user_agent=row.user_agent,
        request_id=row.request_id,
    )
