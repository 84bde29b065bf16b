"""Workers that are killed in the middle of an operation, and those that take over from them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from typing import Final
from unittest.mock import patch

from django.db import connection
from django.utils import timezone

from provisioning.drivers import pool
from provisioning.engine.sweep import RING_AGAIN, sweep
from provisioning.models import Operation
from tests.provisioning.site_runs.ground import ended

_TAKEN_OVER_BY: Final = 5  # workers at the most
_ENDS_S: Final = 300.0


def killed_at(operation: Operation, place: str, *, breaks: str = "") -> bool:
    """Runs it in a process of its own that is killed there; False when it never came there.

    ``place`` is a step and "before" or "after": "Start/after". ``breaks`` is a place of the same
    kind where it fails, whoever runs it.
    """
    return _in_a_child(operation, f"{operation.kind}/{place}=kill;{_raising(operation, breaks)}")


def killed_after(operation: Operation, seconds: float, *, breaks: str = "") -> bool:
    """The same, wherever it is so long after it began."""
    return _in_a_child(operation, _raising(operation, breaks), kill_after_s=seconds)


def taken_over(operation: Operation, *, breaks: str = "") -> Operation:
    """What the sweep and other workers make of it once the lease has ended."""
    for _ in range(_TAKEN_OVER_BY):
        operation.refresh_from_db()
        if not operation.is_active:
            return operation
        late = timezone.now() + timedelta(seconds=found_after_s(operation) + 1)
        assert sweep(now=late), f"the sweep has not found {operation}"
        past = timezone.now() - timedelta(seconds=1)
        Operation.objects.filter(pk=operation.pk).update(lease_until=past, rung_at=past)
        run_through(operation, breaks=breaks)
    operation.refresh_from_db()
    return operation


def run_through(operation: Operation, *, breaks: str = "") -> Operation:
    """As a worker does, in this process."""
    with patch.dict(os.environ, SITEFLOW_FAILPOINTS=_raising(operation, breaks)):
        return ended(operation)


def found_after_s(operation: Operation) -> float:
    """How long from now on until a sweep takes it as forgotten."""
    moments = [operation.lease_until, (operation.rung_at or operation.created_at) + RING_AGAIN]
    last = max(moment for moment in moments if moment)
    return max(0.0, (last - timezone.now()).total_seconds())


def _raising(operation: Operation, breaks: str) -> str:
    return f"{operation.kind}/{breaks}=raise" if breaks else ""


def _in_a_child(
    operation: Operation, failpoints: str, *, kill_after_s: float | None = None
) -> bool:
    """Whether it was killed, by itself at its place or by us."""
    pool.close_all()  # a host counts its sessions
    argv = [sys.executable, "-m", "tests.provisioning.site_runs.worker", str(operation.pk)]
    env = {**os.environ, **_database(), "SITEFLOW_FAILPOINTS": failpoints}
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE) as child:
        assert child.stdout and child.stdout.readline(), "the worker did not begin"
        try:
            code = child.wait(_ENDS_S if kill_after_s is None else kill_after_s)
        except subprocess.TimeoutExpired:
            child.kill()
            if kill_after_s is None:
                raise
            code = child.wait()
    return code == -signal.SIGKILL


def _database() -> dict[str, str]:
    """Settings of a process that works on the tests' database."""
    told = connection.settings_dict
    url = (
        f"sqlite:///{told['NAME']}"
        if connection.vendor == "sqlite"
        else f"postgres://{told['USER']}@{told['HOST']}:{told['PORT']}/{told['NAME']}"
    )
    return {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "siteflow.settings"}
