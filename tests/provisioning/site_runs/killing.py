"""Workers that are killed in the middle of an operation, and those that take over from them."""

from __future__ import annotations

import os
import signal
import sys
import threading
from datetime import timedelta
from typing import Any

from django.db import connections
from django.utils import timezone

from provisioning import engine
from provisioning.drivers import pool
from provisioning.models import Operation

_TAKEN_OVER_BY = 5  # workers at the most


def killed_at(operation: Operation, place: str) -> bool:
    """Runs it in a process of its own that is killed there; False when it never came there.

    ``place`` is a step and "before" or "after": "Start/after".
    """
    status = _in_a_child(operation, {"SITEFLOW_FAILPOINTS": f"{operation.kind}/{place}=kill"})
    return os.WIFSIGNALED(status)


def killed_after(operation: Operation, seconds: float) -> bool:
    """The same, wherever it is by then."""
    return os.WIFSIGNALED(_in_a_child(operation, {}, kill_after_s=seconds))


def taken_over(operation: Operation) -> Operation:
    """What the sweep and other workers make of it once the lease has ended."""
    for _ in range(_TAKEN_OVER_BY):
        operation.refresh_from_db()
        if not operation.is_active:
            return operation
        past = timezone.now() - timedelta(seconds=30)
        Operation.objects.filter(pk=operation.pk).update(lease_until=past, rung_at=past)
        engine.run(operation.pk)
    operation.refresh_from_db()
    return operation


def _in_a_child(operation: Operation, env: dict[str, str], *, kill_after_s: float = 0) -> int:
    pool.close_all()
    connections.close_all()  # neither may be shared with the child
    child = os.fork()
    if child == 0:
        _run_and_end(operation.pk, env)
    timer: Any = None
    if kill_after_s:
        timer = threading.Timer(kill_after_s, os.kill, (child, signal.SIGKILL))
        timer.start()
    _, status = os.waitpid(child, 0)
    if timer:
        timer.cancel()
    return status


def _run_and_end(key: int, env: dict[str, str]) -> None:
    os.environ.update(env)
    try:
        engine.run(key)
    except BaseException as error:  # it must never get back into pytest
        print(repr(error), file=sys.stderr)
        os._exit(3)
    os._exit(0)
