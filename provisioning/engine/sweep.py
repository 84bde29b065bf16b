"""Finds what got lost: bells nobody heard, operations whose worker died, and what waited too long.

Runs every few seconds in the monitor. Everything here may run twice, or in two places at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django_q.models import OrmQ

from provisioning.engine.doorbell import ring, ring_canary
from provisioning.engine.outcome import Outcome, finish
from provisioning.models import Operation

RING_AGAIN = timedelta(seconds=5)
MAX_WAITING_BELLS = 200  # enough for every worker; more would only pile up


def sweep(*, now: datetime | None = None) -> int:
    """Rings for everything that should be running and is not; returns how many bells it rang."""
    now = now or timezone.now()
    _end_what_waited_too_long(now)
    forgotten = _forgotten(now)
    for key in forgotten:
        ring(key)
    if OrmQ.objects.count() < MAX_WAITING_BELLS:
        ring_canary()
    return len(forgotten)


def _forgotten(now: datetime) -> list[int]:
    lost = Q(status=Operation.Status.QUEUED, rung_at__lt=now - RING_AGAIN) | Q(
        status=Operation.Status.RUNNING,
        lease_until__lt=now,
        rung_at__lt=now - RING_AGAIN,
    )
    keys = Operation.objects.filter(lost).order_by("pk").values_list("pk", flat=True)
    room = max(0, MAX_WAITING_BELLS - OrmQ.objects.count())
    rung = list(keys[:room])
    Operation.objects.filter(pk__in=rung).update(rung_at=now)
    return rung


def _end_what_waited_too_long(now: datetime) -> None:
    late = Operation.objects.filter(status=Operation.Status.QUEUED, deadline_at__lt=now)
    for row in late:
        finish(
            row,
            Outcome(
                Operation.Status.FAILED,
                f"No worker was free before its deadline; {row.target_name} was not touched.",
                "not_started",
                "See that the worker process runs, then try again.",
            ),
        )
