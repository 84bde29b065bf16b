"""Append one entry. Everything that is put on record goes through here."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit import copy
from audit.actor import Actor
from audit.address import parse_address
from audit.hashing import seal
from audit.masking import cap_line, cap_text, clean_json, mask_text
from audit.models import Entry, Head

__all__ = ["Actor", "BrokenHeadError", "record"]


class BrokenHeadError(Exception):
    """The chain's head is gone though there are entries: nothing may be appended."""

    code = "audit_head_missing"
    status = 500
    message = (
        "The audit's head row is missing although there are entries, so nothing can be put on "
        "record and nothing is begun. Restore the table audit_head from a backup."
    )

    def __str__(self) -> str:
        return self.message


def record(
    *,
    phase: str,
    action: str,
    status: str,
    actor: Actor,
    target_type: str = "",
    target_id: str | int = "",
    target_name: str = "",
    host_name: str = "",
    place: tuple[int | None, int | None] = (None, None),
    operation_id: int | None = None,
    before: object = None,
    after: object = None,
    output: str = "",
    error: str = "",
    error_code: str = "",
    duration_ms: float | None = None,
) -> Entry:
    """Append an entry in the caller's transaction and return it.

    Appending locks the chain's head until that transaction ends, one writer at a time. So call
    it as the last thing before the commit: the wait is short, and two transactions that lock the
    same rows cannot wait for each other. Secrets are masked and sizes capped here. ``place`` is the
    keys of the host and the site it is about: whoever may read their audit sees the entry.
    """
    limit: int = settings.AUDIT_MAX_OUTPUT_LENGTH
    values = {
        **_who(actor),
        "phase": str(phase),
        "action": cap_line(action, 100),
        "status": str(status),
        "target_type": cap_line(target_type, 50),
        "target_id": cap_line(target_id, 100),
        "target_name": cap_line(target_name, 255),
        "host_name": cap_line(host_name, 255),
        "host_id": place[0],
        "site_id": place[1],
        "operation_id": operation_id,
        "before": clean_json(before, max_text=limit),
        "after": clean_json(after, max_text=limit),
        "output": cap_text(mask_text(output), limit),
        "error": cap_text(mask_text(error), limit),
        "error_code": cap_line(error_code, 100),
        "duration_ms": _finite(duration_ms),
    }
    return append(values)


def append(values: dict[str, Any]) -> Entry:
    """Seal the values as the next entry of the chain."""
    with transaction.atomic():
        head = lock_head()
        # The time is taken under the lock: entries in order of number are in order of time.
        now = timezone.now()
        values = {**values, "id": head.seq + 1, "at": now, "prev_hash": head.hash}
        entry = Entry(**values, hash=seal(values))
        entry.save(force_insert=True)
        _advance(head, entry, now)
        transaction.on_commit(copy.follow, robust=True)
    return entry


def lock_head() -> Head:
    """The head, locked until the transaction ends (on SQLite the transaction is the lock)."""
    head = Head.objects.select_for_update().first()
    if head is not None:
        return head
    if Entry.objects.exists():
        raise BrokenHeadError
    return Head.objects.create()


def _advance(head: Head, entry: Entry, now: datetime) -> None:
    latest = head.latest_at or now
    head.seq, head.hash = entry.id, entry.hash
    head.latest_at = max(latest, now)
    head.clock_back = max(head.clock_back or timedelta(), latest - now)
    head.save(update_fields=["seq", "hash", "latest_at", "clock_back"])


def _who(actor: Actor) -> dict[str, Any]:
    address = parse_address(actor.remote_addr or "")
    return {
        "actor_id": actor.user_id,
        "actor_name": cap_line(actor.name, 255),
        "source": str(actor.source),
        "remote_addr": str(address) if address else None,
        "user_agent": cap_line(mask_text(actor.user_agent), 400),
        "request_id": cap_line(actor.request_id, 100),
    }


def _finite(duration_ms: float | None) -> float | None:
    """Rounded to microseconds; both databases then return the same number."""
    if duration_ms is None or not math.isfinite(duration_ms):
        return None
    return round(float(duration_ms), 3) + 0.0  # never -0.0, which one of the two would change
