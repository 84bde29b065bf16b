"""The filters of the audit: one definition for the API, the command and the export."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import connection
from ninja import Schema
from pydantic import Field, field_validator

from audit.masking import clean_text
from audit.models import Entry, EntryQuerySet, Head, Status
from audit.moments import Moment, moment_in

# Counting is what would grow with the table: 10,000 take 2 ms, a million took 200.
COUNT_LIMIT = 10_000
ZONE_LIMIT = 1_000


class EntryFilter(Schema):
    """Every field is optional; those given must all match, exactly."""

    action_type: str = Field("", description="`<resource>.<verb>`, such as container.restart")
    target_type: str = ""
    target_id: str = ""
    target_name: str = ""
    status: Status | None = None
    actor: str = Field("", description="name of a user; commands are `os:NAME`")
    operation: int | None = None
    start_date: Moment | None = Field(None, description="ISO 8601; without a zone it is UTC")
    end_date: Moment | None = Field(None, description="inclusive; a date means all of that day")

    @field_validator("start_date", mode="before")
    @classmethod
    def _from_the_day_s_begin(cls, value: Any) -> Any:
        return moment_in(value, time.min)

    @field_validator("end_date", mode="before")
    @classmethod
    def _to_the_day_s_end(cls, value: Any) -> Any:
        return moment_in(value, time.max)

    def apply(self, queryset: EntryQuerySet) -> EntryQuerySet:
        """The entries that match, in the queryset's own order."""
        wanted = {
            "action": self.action_type,
            "target_type": self.target_type,
            "target_id": self.target_id,
            "target_name": self.target_name,
            "status": self.status,
            "actor_name": self.actor,
            "operation_id": self.operation,
        }
        # PostgreSQL refuses NUL in a parameter; no entry holds one.
        given = {
            name: clean_text(value) if isinstance(value, str) else value
            for name, value in wanted.items()
            if value not in ("", None)
        }
        return between(queryset.filter(**given), self.start_date, self.end_date)


def between(queryset: EntryQuerySet, start: datetime | None, end: datetime | None) -> EntryQuerySet:
    """Only entries of that time, both ends included; None leaves an end open.

    Entries are read in order of number, so a time range far back would walk over all that came
    later. The times are therefore turned into numbers (see `_boundary`).
    """
    head = Head.objects.first() or Head()
    if start is not None:
        earlier, later = _boundary(head, start)
        queryset = queryset.filter(id__gt=earlier)
        queryset = queryset.filter(at__gte=start) if later - earlier > 1 else queryset
    if end is not None:
        earlier, later = _boundary(head, _shift(end, timedelta.resolution))
        queryset = queryset.filter(id__lt=later)
        queryset = queryset.filter(at__lte=end) if later - earlier > 1 else queryset
    return queryset


def _boundary(head: Head, moment: datetime) -> tuple[int, int]:
    """Two numbers: entries up to the first are from before the moment, from the second on not.

    The numbers follow each other unless a clock was set back at that very time. Numbers and
    times never disagree by more than the head's `clock_back`, so only the entries within that
    of the moment are looked at.
    """
    slack = head.clock_back or timedelta()
    ids = Entry.objects.values_list("id", flat=True)
    earlier = ids.filter(at__lt=_shift(moment, -slack)).order_by("-at", "-id").first() or 0
    found = ids.filter(at__gte=_shift(moment, slack)).order_by("at", "id").first()
    later = head.seq + 1 if found is None else found
    return _narrowed(moment, earlier, later) if later - earlier > 1 else (earlier, later)


def _narrowed(moment: datetime, earlier: int, later: int) -> tuple[int, int]:
    """The exact boundary, if the few entries in between are in order of time."""
    unsure = Entry.objects.filter(id__gt=earlier, id__lt=later).order_by("id")
    zone = list(unsure.values_list("id", "at")[:ZONE_LIMIT])
    past = [at < moment for _, at in zone]
    if len(zone) == ZONE_LIMIT or past != sorted(past, reverse=True):
        return earlier, later
    first = zone[sum(past)][0] if sum(past) < len(zone) else later
    return first - 1, first


def _shift(moment: datetime, by: timedelta) -> datetime:
    """The moment moved, stopping where the calendar ends."""
    try:
        return moment + by
    except OverflowError:
        edge = datetime.min if by < timedelta() else datetime.max
        return edge.replace(tzinfo=UTC)


def count(queryset: EntryQuerySet) -> tuple[int, bool]:
    """How many entries, and whether that is exact: counting stops at COUNT_LIMIT.

    All entries are counted from the chain's head without looking at them.
    """
    if not queryset.query.has_filters():
        head = Head.objects.first()
        return (head.seq - head.floor + 1 if head else 0), True
    found = queryset.order_by("id")[: COUNT_LIMIT + 1].count()
    return min(found, COUNT_LIMIT), found <= COUNT_LIMIT


def actions_of(rows: EntryQuerySet) -> list[str]:
    """Each action that occurs among these, in order: all of everything, else the latest ones."""
    if not rows.query.has_filters():
        return _known_actions()
    latest = rows.order_by("-id").values_list("action", flat=True)
    return sorted(set(latest[:COUNT_LIMIT]))


def _known_actions() -> list[str]:
    """Read by hopping along the index: the table may hold a million entries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE hop(action) AS (SELECT MIN(action) FROM audit_entry UNION ALL"
            " SELECT (SELECT MIN(action) FROM audit_entry WHERE action > hop.action)"
            " FROM hop WHERE hop.action IS NOT NULL)"
            " SELECT action FROM hop WHERE action IS NOT NULL"
        )
        return [action for (action,) in cursor.fetchall()]
