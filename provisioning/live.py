"""Tells whoever watches how operations go."""

from __future__ import annotations

from django.db import transaction

from provisioning.models import Operation, OutputLine
from provisioning.schemas import line_out, operation_detail, operation_out
from sites.live import Scope, publish


def publish_operation(row: Operation, *, steps: bool = False) -> None:
    """Sends the operation's state after the commit; with ``steps`` to those who follow it."""
    key, items, scope = row.pk, [operation_out(row)], _scope(row)

    def send() -> None:
        publish(["operations"], {"type": "operations.update", "items": items}, scope=scope)
        if steps:
            detail = Operation.objects.prefetch_related("steps").get(pk=key)
            publish(
                [f"operation.{key}"],
                {"type": "operations.update", "items": [operation_detail(detail)]},
                scope=scope,
            )

    transaction.on_commit(send)


def publish_lines(row: Operation, lines: list[OutputLine]) -> None:
    """Each new line of output, numbered, to those who follow the operation."""
    for line in lines:
        publish(
            [f"operation.{row.pk}"],
            {
                "type": "action.output",
                "operation": row.pk,
                "line": line.number,
                "stream": line.stream,
                "text": line_out(line)["text"],
                "percent": row.percent,
                "status": "running",
            },
            scope=_scope(row),
        )


def publish_end(row: Operation, status: str) -> None:
    """The last word on `action.output`: completed or failed, with the sentence for people."""
    message = {
        "type": "action.output",
        "operation": row.pk,
        "line": row.lines,
        "stream": "status",
        "text": row.message,
        "percent": row.percent,
        "status": status,
    }
    scope = _scope(row)
    transaction.on_commit(lambda: publish([f"operation.{row.pk}"], message, scope=scope))


def _scope(row: Operation) -> Scope:
    return {
        "permission": "provisioning.view_operation",
        "host": row.host_id,
        "site": row.site_id,
    }
