"""A terminal ends: its process for certain, its row, and the entry with how it went."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.models import Phase, Status
from provisioning.drivers import exec_ending
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.terminals.beginning import on_record
from provisioning.terminals.models import TerminalSession
from provisioning.terminals.way import driver_of

log = logging.getLogger(__name__)

AGAIN: Final = timedelta(seconds=30)
TRIED_FOR: Final = timedelta(days=1)  # a process that is left is looked for
AT_ONCE: Final = 20
# How a terminal may end → whether that is as it should be.
WELL: Final = frozenset({"exited", "closed", "left", "idle", "too_long"})


def host_of(row: TerminalSession) -> HostDriver:
    """The way to its host. DriverError when there is none, as when the host's key has changed."""
    if row.host is None:
        raise DriverError(f"{row.host_name} is not known any more.", "not_found")
    return driver_of(row.host)


def process_ended(row: TerminalSession, host: HostDriver) -> bool:
    """Ends the process if it still runs; whether there is certainly none any more."""
    if not row.exec_id:
        return True
    sudo = bool(row.host and row.host.sudo)
    return exec_ending.end(
        host, row.docker_id, row.exec_id, mark=row.mark, user=row.run_as, sudo=sudo
    )


def finish(
    row: TerminalSession, *, why: str, exit_code: int | None, is_gone: bool, error: str = ""
) -> bool:
    """The end of the row and the entry of the outcome; False if somebody else has written them."""
    now = timezone.now()
    values = {
        "ended_at": now, "why": why[:40], "exit_code": exit_code, "left_over": not is_gone,
        "try_at": None if is_gone else now + AGAIN, "bytes_in": row.bytes_in,
        "bytes_out": row.bytes_out, "recording": row.recording,
        "recorded_bytes": row.recorded_bytes,
    }  # fmt: skip
    with transaction.atomic():
        if not TerminalSession.objects.filter(pk=row.pk, ended_at=None).update(**values):
            return False
        row.ended_at, row.why, row.exit_code = now, why, exit_code
        _outcome(row, is_gone=is_gone, error=error)
    return True


def _outcome(row: TerminalSession, *, is_gone: bool, error: str) -> None:
    if not is_gone:
        error = f"{error} The process may still run: it is ended as soon as that can be done."
    on_record(
        row,
        phase=Phase.OUTCOME,
        status=Status.SUCCEEDED if row.why in WELL and is_gone else Status.FAILED,
        error=error.strip(),
        error_code="" if row.why in WELL else row.why,
        after={
            "why": row.why,
            "exit_code": row.exit_code,
            "bytes_in": row.bytes_in,
            "bytes_out": row.bytes_out,
            "recording": row.get_recording_display(),
        },
    )


def reap(*, now: datetime | None = None) -> int:
    """Ends what no web process looks after any more, and what could not be ended before."""
    now = now or timezone.now()
    orphans = TerminalSession.objects.open().filter(lease_until__lt=now)
    rest = TerminalSession.objects.filter(left_over=True, try_at__lt=now)
    found = [*_claimed(orphans, now=now), *_claimed(rest, now=now)]
    for row in found:
        _end_orphan(row, now=now)
    return len(found)


def _claimed(rows: QuerySet[TerminalSession], *, now: datetime) -> list[TerminalSession]:
    """Of these, those that this monitor takes: each is taken by one."""
    taken = []
    for row in rows.select_related("host__via", "host__credential").order_by("pk")[:AT_ONCE]:
        same = TerminalSession.objects.filter(
            pk=row.pk, lease_until=row.lease_until, try_at=row.try_at
        )
        values = {"try_at": now + AGAIN, "lease_until": now + AGAIN}
        if same.update(**values):
            taken.append(row)
    return taken


def _end_orphan(row: TerminalSession, *, now: datetime) -> None:
    error = ""
    try:
        is_gone = process_ended(row, host_of(row))
    except DriverError as failure:
        is_gone, error = failure.code == "not_found", failure.message
    if row.ended_at is None:
        finish(row, why="lost", exit_code=None, is_gone=is_gone, error=f"{_LOST} {error}".strip())
    elif is_gone or now - row.ended_at > TRIED_FOR:
        TerminalSession.objects.filter(pk=row.pk).update(left_over=False, try_at=None)
        if not is_gone:
            log.warning("a process of terminal %s was never ended: %s", row.pk, error)


_LOST: Final = "The process that served it ended without a word."
