"""A terminal ends: its process for certain, its row, and the entry with how it went."""

from __future__ import annotations

import logging
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
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
from provisioning.terminals.serving import give_back
from provisioning.terminals.way import driver_of
from sites.models import Host

Way = Callable[[Host], HostDriver]
Share = Callable[[Callable[[list[TerminalSession]], None], list[list[TerminalSession]]], None]
log = logging.getLogger(__name__)

AGAIN: Final = timedelta(seconds=30)
TRIED_FOR: Final = timedelta(days=1)  # a process that is left is looked for
AT_ONCE: Final = 20
# How a terminal may end → whether that is as it should be.
_SILENT: Final = ("link_lost", "timeout", "unreachable", "refused")
WELL: Final = frozenset({"exited", "closed", "left", "idle", "too_long"})


def process_ended(row: TerminalSession, host: HostDriver) -> bool:
    """Ends the process if it still runs; whether there is certainly none any more."""
    if not row.exec_id:
        return True
    sudo = bool(row.host and row.host.sudo)
    return exec_ending.end(
        host, row.docker_id, row.exec_id, mark=row.mark, user=row.run_as, sudo=sudo
    )


def surely_ended(row: TerminalSession, host: HostDriver) -> bool:
    """The same where it is not known whether it was started: what starts it may be on its way."""
    if not process_ended(row, host):
        return False
    is_young = timezone.now() - row.started_at < AGAIN
    return not (is_young and row.exec_id and exec_ending.is_only_made(host, row.exec_id))


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


def one_by_one(
    work: Callable[[list[TerminalSession]], None], parts: list[list[TerminalSession]]
) -> None:
    for part in parts:
        work(part)


def reap(*, way: Way = driver_of, share: Share = one_by_one, now: datetime | None = None) -> int:
    """Ends what no web process looks after any more, and what could not be ended before.

    ``way`` has to be the one by which this process reaches its hosts for all else, too: a host has
    one driver, and another way to it would cut off whoever uses that. ``share`` calls what it is
    given with each part, which is all of one host.
    """
    now = now or timezone.now()
    give_back(now=now)
    orphans = TerminalSession.objects.open().filter(lease_until__lt=now)
    rest = TerminalSession.objects.filter(left_over=True, try_at__lt=now)
    parts: dict[int | None, list[TerminalSession]] = defaultdict(list)
    for row in [*_claimed(orphans, now=now), *_claimed(rest, now=now)]:
        parts[row.host_id].append(row)
    share(partial(_end_orphans, way=way, now=now), list(parts.values()))
    return sum(len(rows) for rows in parts.values())


def _end_orphans(rows: list[TerminalSession], *, way: Way, now: datetime) -> None:
    """All of one host, which is asked no more in this round once it does not answer.

    That may be a single container that hangs, so it must not always be the first.
    """
    random.shuffle(rows)
    silent: DriverError | None = None
    for row in rows:
        error = silent or _failure(row, way)
        if error is not None and error.code in _SILENT:
            silent = error
        _end_orphan(row, error, now=now)


def _failure(row: TerminalSession, way: Way) -> DriverError | None:
    """Ends the process; why it may still run, or None."""
    try:
        if row.host is None:
            raise DriverError(f"{row.host_name} is not known any more.", "not_found")
        if surely_ended(row, way(row.host)):
            return None
    except DriverError as error:
        return None if error.code == "not_found" else error
    return DriverError("", "runs")


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


def _end_orphan(row: TerminalSession, failure: DriverError | None, *, now: datetime) -> None:
    is_gone, error = failure is None, failure.message if failure else ""
    if row.ended_at is None:
        finish(row, why="lost", exit_code=None, is_gone=is_gone, error=f"{_LOST} {error}".strip())
    elif is_gone or now - row.ended_at > TRIED_FOR:
        TerminalSession.objects.filter(pk=row.pk).update(left_over=False, try_at=None)
        if not is_gone:
            log.warning("a process of terminal %s was never ended: %s", row.pk, error)


_LOST: Final = "The process that served it ended without a word."
