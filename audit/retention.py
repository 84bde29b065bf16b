"""Deletion of what is older than the retention. The only way an entry ever goes, and on record."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit import copy
from audit.chain import CLEANUP_ACTION
from audit.models import Entry, Head, Phase, Status
from audit.record import Actor, lock_head, record

logger = logging.getLogger(__name__)

# So many per transaction: everyone else who has something to put on record waits for it.
SLICE = 20_000


class RetentionError(Exception):
    """A retention that would delete what happened today."""

    code = "audit_retention_invalid"
    status = 422
    message = "Entries are kept for at least one day."

    def __str__(self) -> str:
        return self.message


def cleanup(*, actor: Actor, older_than_days: int | None = None) -> int:
    """Delete entries older than that (default AUDIT_RETENTION_DAYS); how many they were.

    Each slice is one transaction: an `audit.cleanup` entry that says how many, up to which
    number and its hash, the raised floor, the deletion. With nothing to delete nothing is put
    on record.
    """
    days: int = settings.AUDIT_RETENTION_DAYS if older_than_days is None else older_than_days
    if days < 1:
        raise RetentionError
    _complete_copy()
    cutoff = timezone.now() - timedelta(days=days)
    total = 0
    while deleted := _cleanup_slice(actor, cutoff, days):
        total += deleted
    return total


def _complete_copy() -> None:
    """What is deleted here stays in the copy; a copy that fails does not stop the clean-up."""
    try:
        copy.sync()
    except (OSError, copy.CopyError) as error:
        logger.error("audit copy not completed before the clean-up: %s", error)


@transaction.atomic
def _cleanup_slice(actor: Actor, cutoff: datetime, days: int) -> int:
    head = lock_head()
    first_kept = _first_kept(head, cutoff)
    deleted = first_kept - head.floor
    if not deleted:
        return 0
    last = Entry.objects.only("hash").get(id=first_kept - 1)
    record(
        phase=Phase.EVENT,
        action=CLEANUP_ACTION,
        status=Status.SUCCEEDED,
        actor=actor,
        target_type="audit",
        after={
            "deleted": deleted,
            "older_than_days": days,
            "first_deleted_id": head.floor,
            "last_deleted_id": last.id,
            "first_kept_id": first_kept,
            "floor_hash": last.hash,
        },
    )
    Head.objects.update(floor=first_kept, floor_hash=last.hash)
    Entry.objects.filter(id__lt=first_kept).delete()
    return deleted


def _first_kept(head: Head, cutoff: datetime) -> int:
    """The first entry that is not older, at most a slice away.

    An entry with a time from a clock that ran ahead stops the clean-up there: too much is kept
    rather than too little.
    """
    young = Entry.objects.filter(at__gte=cutoff).order_by("id").values_list("id", flat=True)
    limit = min(head.floor + SLICE, head.seq + 1)
    return min(young.filter(id__lt=limit).first() or limit, limit)
