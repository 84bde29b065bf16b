"""The queue is only a doorbell: a lost ring is found by the sweep, a second one does nothing."""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django_q.tasks import async_task

log = logging.getLogger(__name__)


def ring(operation_id: int) -> None:
    """Asks any worker to run an operation. Never raises: the row is what counts."""
    _enqueue("provisioning.engine.worker.run", operation_id)


def ring_canary() -> None:
    """Sends the task whose passing shows the supervisor that the queue still moves."""
    _enqueue("provisioning.engine.canary.touch")


def _enqueue(path: str, *args: int) -> None:
    try:
        async_task(path, *args, save=False)
    except (DatabaseError, OSError):
        log.warning("doorbell not heard, the sweep will ring again", exc_info=True)
