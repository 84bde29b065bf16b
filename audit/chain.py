"""Read the whole chain again and say where it was tampered with.

Found: an entry that was edited, deleted, inserted, swapped or renumbered, entries cut off the front
without a clean-up on record, and a tail that is shorter than the head says. Someone who writes
the head and all later hashes anew, or brings back an older dump, is found by the copy alone
(`audit.copy`), so far as that was kept out of their reach.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError

from audit import copy
from audit.hashing import SEALED_FIELDS, seal
from audit.models import Entry, Head, Status

BATCH = 2_000
CLEANUP_ACTION = "audit.cleanup"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`first_bad_id` is the first entry that is not as it was written; `notes` are no faults."""

    ok: bool
    checked: int = 0
    first_bad_id: int | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()


class _Bad(Exception):
    def __init__(self, entry_id: int | None, reason: str) -> None:
        super().__init__(reason)
        self.entry_id = entry_id
        self.reason = reason


def verify(*, start: int | None = None) -> Verdict:
    """Check every entry from number `start` (else from the first kept) to the end.

    Takes about 40 s of CPU per million entries; writers are not held up. `start` trusts the entry
    before it.
    """
    while True:
        head = Head.objects.first()
        verdict = _verify(head, start)
        # A clean-up meanwhile took entries away under our eyes: look again.
        if verdict.ok or head is None or head.floor == _floor_now():
            return verdict


def _floor_now() -> int:
    return Head.objects.values_list("floor", flat=True).get()


def _verify(head: Head | None, start: int | None) -> Verdict:
    walk = _Walk()
    try:
        if head is None:
            return _without_head()
        walk.through(head, min(max(start or 0, head.floor), head.seq + 1))
        _check_floor(head)
        _check_outside(head)
        return Verdict(ok=True, checked=walk.checked, notes=_compare_copy(head))
    except _Bad as bad:
        return Verdict(ok=False, checked=walk.checked, first_bad_id=bad.entry_id, reason=bad.reason)


def _without_head() -> Verdict:
    first = Entry.objects.order_by("id").values_list("id", flat=True).first()
    if first is not None:
        raise _Bad(first, "the head of the chain is gone")
    return Verdict(ok=True)


class _Walk:
    """One pass over the chain; `checked` entries were found good so far."""

    def __init__(self) -> None:
        self.checked = 0

    def through(self, head: Head, first: int) -> None:
        previous = _hash_before(head, first)
        expected = first
        for values in _rows(first, head.seq):
            _check_row(values, expected, previous)
            previous, expected = values["hash"], expected + 1
            self.checked += 1
        if expected <= head.seq:
            raise _Bad(expected, f"entry {expected} is missing: the head is at {head.seq}")
        if first <= head.seq and previous != head.hash:
            raise _Bad(head.seq, f"entry {head.seq} is not the one the head was sealed with")


def _hash_before(head: Head, first: int) -> str:
    if first == head.floor:
        return head.floor_hash
    before = Entry.objects.filter(id=first - 1).values_list("hash", flat=True).first()
    if before is None:
        raise _Bad(first - 1, f"entry {first - 1} is missing")
    return before


def _check_row(values: dict[str, Any], expected: int, previous: str) -> None:
    found = values["id"]
    if found != expected:
        raise _Bad(expected, f"entry {expected} is missing, {found} follows")
    if not _is_sealed(values):
        raise _Bad(found, f"entry {found} was changed: its hash does not fit what it says")
    if values["prev_hash"] != previous:
        # This entry is whole, so the one it was appended to is not the one that stands there.
        raise _Bad(max(found - 1, 1), f"entry {found} was not appended to what stands before it")


def _is_sealed(values: dict[str, Any]) -> bool:
    try:
        return bool(seal(values) == values["hash"])
    except (AttributeError, TypeError, ValueError):  # a value of another type than was stored
        return False


def _rows(first: int, last: int) -> Iterator[dict[str, Any]]:
    while batch := _read(first, last, BATCH):
        yield from batch
        first = batch[-1]["id"] + 1


def _read(first: int, last: int, limit: int) -> list[dict[str, Any]]:
    """Rows as the database has them. One that cannot even be read is named."""
    rows = Entry.objects.filter(id__range=(first, last)).order_by("id")
    try:
        return list(rows.values(*SEALED_FIELDS, "hash")[:limit])
    except (AttributeError, TypeError, ValueError, DatabaseError) as error:
        if limit > 1:
            return _read(first, last, limit // 2)
        bad = rows.values_list("id", flat=True).first()
        raise _Bad(bad, f"entry {bad} cannot be read: {error}") from error


def _check_floor(head: Head) -> None:
    """The front may be cut only by a clean-up, and the last of those says where."""
    if head.floor == 1:
        return
    cleanups = Entry.objects.filter(action=CLEANUP_ACTION, status=Status.SUCCEEDED)
    after = cleanups.order_by("-id").values_list("after", flat=True).first() or {}
    if (after.get("first_kept_id"), after.get("floor_hash")) != (head.floor, head.floor_hash):
        raise _Bad(head.floor, f"no clean-up is on record for the entries before {head.floor}")


def _check_outside(head: Head) -> None:
    """Nothing below the floor; nothing beyond the head, which may have moved on meanwhile."""
    ids = Entry.objects.values_list("id", flat=True)
    last = ids.order_by("-id").first()
    seq = Head.objects.values_list("seq", flat=True).get()
    if last is not None and last > seq:
        raise _Bad(seq + 1, f"entry {last} was inserted beyond the head, which is at {seq}")
    first = ids.order_by("id").first()
    if first is not None and first < head.floor:
        raise _Bad(first, f"entry {first} was inserted below the first kept, {head.floor}")


def _compare_copy(head: Head) -> tuple[str, ...]:
    """Hold the copy's last line against the database; it may lag behind but not know better."""
    try:
        mark = copy.last_mark()
    except (OSError, copy.CopyError) as error:
        return (f"the copy cannot be read: {error}",)
    if mark is None:
        return ("there is no copy to compare with: a tail that was cut off cannot be seen",)
    seq = Head.objects.values_list("seq", flat=True).get()
    if mark.id > seq:
        raise _Bad(
            seq + 1,
            f"the copy reaches to entry {mark.id}, the database only to {seq}: "
            "its tail was cut off or an older dump restored",
        )
    if mark.id >= head.floor and _hash_of(mark.id) != mark.hash:
        raise _Bad(_first_difference(head), "the chain was written anew: the copy says otherwise")
    behind = max(head.seq - mark.id, 0)
    return (f"the copy lacks the last {behind} entries",) if behind else ()


def _hash_of(entry_id: int) -> str | None:
    return Entry.objects.filter(id=entry_id).values_list("hash", flat=True).first()


def _first_difference(head: Head) -> int | None:
    kept = (mark for mark in copy.marks() if mark.id >= head.floor)
    return next((mark.id for mark in kept if _hash_of(mark.id) != mark.hash), None)
