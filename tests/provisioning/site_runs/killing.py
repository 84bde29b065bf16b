"""Workers that are killed in the middle of an operation, and those that take over from them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from provisioning import engine
from provisioning.drivers import pool
from provisioning.models import Operation

_TAKEN_OVER_BY: Final = 5  # workers at the most
_ENDS_S: Final = 300.0


def killed_at(operation: Operation, place: str) -> bool:
    """Runs it in a process of its own that is killed there; False when it never came there.

    ``place`` is a step and "before" or "after": "Start/after".
    """
    env = {"SITEFLOW_FAILPOINTS": f"{operation.kind}/{place}=kill"}
    return _in_a_child(operation, env) == -signal.SIGKILL


def killed_after(operation: Operation, seconds: float) -> bool:
    """The same, wherever it is by then."""
    return _in_a_child(operation, {}, kill_after_s=seconds) == -signal.SIGKILL


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
    """How it ended, in the way of ``os.wait``: minus the signal, or its code."""
    pool.close_all()  # a host counts its sessions
    argv = [sys.executable, "-m", "tests.provisioning.site_runs.worker", str(operation.pk)]
    with subprocess.Popen(argv, env={**os.environ, **_database(), **env}) as child:
        try:
            return child.wait(kill_after_s or _ENDS_S)
        except subprocess.TimeoutExpired:
            child.kill()
            if not kill_after_s:
                raise
            return child.wait()


def _database() -> dict[str, str]:
    """Settings of a process that works on the tests' database."""
    told = connection.settings_dict
    url = (
        f"sqlite:///{told['NAME']}"
        if connection.vendor == "sqlite"
        else f"postgres://{told['USER']}@{told['HOST']}:{told['PORT']}/{told['NAME']}"
    )
    return {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "siteflow.settings"}
