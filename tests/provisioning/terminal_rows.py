"""Rows of terminals, as if somebody had opened them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from provisioning.models import TerminalSession
from provisioning.terminals import recording
from sites.models import Container


def make_terminal(
    row: Container, *, last: timedelta = timedelta(minutes=1), **values: Any
) -> TerminalSession:
    """An open one in this container, with something recorded, which somebody looks after."""
    now = timezone.now()
    values = {
        "user_name": "alice", "source": "ws", "command": "/bin/sh", "mark": "f" * 32,
        "exec_id": "e" * 64, "started_at": now, "lease_until": now + last, **values,
    }  # fmt: skip
    made = TerminalSession.objects.create(
        host=row.host, host_name=row.host.name, site=row.site, container=row,
        container_name=row.name, docker_id=row.docker_id, **values,
    )  # fmt: skip
    recording.keep(made.pk, 0, '[0.5, "o", "shown before"]\n')
    return made
