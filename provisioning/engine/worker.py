"""What a worker does when the doorbell rings: claim, run the verb, write down the outcome."""

from __future__ import annotations

import logging
import os
import uuid
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from provisioning.drivers.errors import DriverError
from provisioning.drivers.pool import host_driver
from provisioning.engine.inline import NO_HOST
from provisioning.engine.outcome import Outcome, finish
from provisioning.engine.running import (
    Cancelled,
    DeadlinePassed,
    GoneAlready,
    LeaseLost,
    Run,
)
from provisioning.live import publish_operation
from provisioning.models import LEASE, Operation
from provisioning.operations import VERBS
from provisioning.operations.contract import Verb, VerbError
from provisioning.permission import holds
from provisioning.targets import target_of
from sites.models import Host

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 5
_WORKER = f"{os.uname().nodename[:20]}:{uuid.uuid4().hex[:12]}"


def worker_name() -> str:
    """This process, unique even when process numbers come round again."""
    return f"{_WORKER}:{os.getpid()}"


def run(operation_id: int) -> None:
    """Runs the operation unless another worker has it, then whatever else has waited."""
    next_id: int | None = operation_id
    while next_id is not None:
        if row := claim(next_id):
            _run(row)
        next_id = _longest_waiting()


def claim(operation_id: int) -> Operation | None:
    """Takes a queued operation, or a running one whose worker's lease has ended."""
    now = timezone.now()
    row = Operation.objects.filter(pk=operation_id).select_related("host").first()
    if row is None or not row.is_active or not _host_has_room(row):
        return None
    free = Q(status=Operation.Status.QUEUED) | Q(
        status=Operation.Status.RUNNING, lease_until__lt=now
    )
    taken = Operation.objects.filter(free, pk=operation_id, attempts=row.attempts).update(
        status=Operation.Status.RUNNING,
        worker=worker_name(),
        lease_until=now + LEASE,
        started_at=row.started_at or now,
        attempts=F("attempts") + 1,
        version=F("version") + 1,
    )
    if not taken:
        return None
    row.refresh_from_db()
    publish_operation(row)
    return row


def _host_has_room(row: Operation) -> bool:
    """Leaves workers free: hosts in trouble share half of them, no host gets all of them."""
    running = Operation.objects.filter(
        status=Operation.Status.RUNNING, lease_until__gte=timezone.now()
    ).exclude(pk=row.pk)
    workers: int = settings.WORKERS
    if row.host is None:
        return True
    if row.host.state != Host.State.REACHABLE:
        in_trouble = running.exclude(host__state=Host.State.REACHABLE)
        return in_trouble.count() < max(1, workers // 2)
    return running.filter(host=row.host).count() < max(1, workers - 1)


def _longest_waiting() -> int | None:
    """What could not be begun when its doorbell rang, because its host had no room."""
    waiting = Operation.objects.filter(
        status=Operation.Status.QUEUED, rung_at__lt=timezone.now() - timedelta(seconds=0.2)
    ).select_related("host")
    return next((row.pk for row in waiting.order_by("pk")[:50] if _host_has_room(row)), None)


def _run(row: Operation) -> None:
    """Every way out leaves an outcome, but for a lost lease: `finish` ends only what is ours."""
    verb = VERBS[row.kind]
    running = Run(row)
    outcome = Outcome.unexpected(row.request_id)
    try:
        with running.lease():
            outcome = _outcome_of(verb, running)
    except LeaseLost:
        log.warning("operation %s was taken over by another worker", row.pk)
    finally:  # also when the queue's own time-out, a SystemExit, comes through
        finish(running.row, outcome, output=running.tail())


def _outcome_of(verb: Verb, running: Run) -> Outcome:
    row = running.row
    try:
        _may_go_on(running)
        running.load_target(verb)
        _may_begin(verb, running)
        if row.host is None:
            raise VerbError(f"{row.host_name} is no longer known.", code="not_found")
        verb.run(running, NO_HOST if verb.finds_own_way else host_driver(target_of(row.host)))
        message = running.message or f"{row.target_name}: {verb.done}."
        return Outcome.success(message, running.result)
    except GoneAlready as gone:
        return Outcome.success(str(gone), {})
    except Cancelled:
        return Outcome.cancelled(row.cancel_requested_by)
    except (DriverError, VerbError, DeadlinePassed) as error:
        return Outcome.failure(error)
    except LeaseLost:
        raise
    except Exception:  # a mistake of ours: the operation ends, with the log's id to look for
        log.exception("operation %s (%s) failed, request %s", row.pk, row.kind, row.request_id)
        return Outcome.unexpected(row.request_id)


def _may_begin(verb: Verb, running: Run) -> None:
    """A right that was lost while it waited. What has begun is brought to its end all the same."""
    row = running.row
    if holds(running.actor, verb.permission, running.target) or row.steps.exists():
        return
    raise VerbError(
        f"{row.actor_name or 'Who asked'} may no longer {verb.label.lower()} {row.target_name}; "
        "nothing was begun.",
        code="forbidden",
    )


def _may_go_on(running: Run) -> None:
    if running.row.attempts > MAX_ATTEMPTS:
        raise VerbError(
            f"Given up: {MAX_ATTEMPTS} workers ended in the middle of it. "
            "Look at the target before trying again.",
            code="gave_up",
        )
