"""The filters of the audit: one definition for the API, the command and the export."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection
from ninja import Schema
from pydantic import Field, field_validator

from audit.masking import clean_text
from audit.models import Entry, EntryQuerySet, Head, Status

COUNT_LIMIT = 100_000


class EntryFilter(Schema):
    """Every field is optional; those given must all match, exactly."""

    action_type: str = Field("", description="`<resource>.<verb>`, such as container.restart")
    target_type: str = ""
    target_id: str = ""
    target_name: str = ""
    status: Status | None = None
    actor: str = Field("", description="name of a user; commands are `os:NAME`")
    operation: int | None = None
    start_date: datetime | None = Field(None, description="ISO 8601; without a zone it is UTC")
    end_date: datetime | None = Field(None, description="inclusive; a date means all of that day")

    @field_validator("start_date", mode="before")
    @classmethod
    def _from_the_day_s_begin(cls, value: Any) -> Any:
        return _moment(value, time.min)

    @field_validator("end_date", mode="before")
    @classmethod
    def _to_the_day_s_end(cls, value: Any) -> Any:
        return _moment(value, time.max)

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


def _moment(value: Any, time_of_day: time) -> Any:
    """A date becomes a moment; `+` that a browser's address line turned into a space comes back."""
    if not isinstance(value, str) or not value:
        return value or None
    try:
        if len(value) == len("YYYY-MM-DD"):
            return datetime.combine(date.fromisoformat(value), time_of_day, UTC)
        moment = datetime.fromisoformat(value.replace(" ", "+") if "T" in value else value)
    except ValueError as error:
        raise ValueError("not a date and no time such as 2031-05-06T07:08:09Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def between(queryset: EntryQuerySet, start: datetime | None, end: datetime | None) -> EntryQuerySet:
    """Only entries of that time, both ends included; None leaves an end open.

    Entries are read in order of number, so a time range far back would walk over all that came
    later. The times are therefore turned into numbers as well. Clocks are set back now and then,
    so time and number may disagree, but never by more than the head's `clock_back`.
    """
    slack = Head.objects.values_list("clock_back", flat=True).first() or timedelta()
    if start is not None:
        queryset = queryset.filter(at__gte=start)
        older = Entry.objects.filter(at__lt=_shift(start, -slack)).order_by("-at")
        if (last_before := older.values_list("id", flat=True).first()) is not None:
            queryset = queryset.filter(id__gt=last_before)
    if end is not None:
        queryset = queryset.filter(at__lte=end)
        later = Entry.objects.filter(at__gt=_shift(end, slack)).order_by("at")
        if (first_after := later.values_list("id", flat=True).first()) is not None:
            queryset = queryset.filter(id__lt=first_after)
    return queryset


def _shift(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return (
            moment.min.replace(tzinfo=UTC) if by < timedelta() else moment.max.replace(tzinfo=UTC)
        )


def count(queryset: EntryQuerySet) -> tuple[int, bool]:
    """How many entries, and whether that is exact: counting stops at COUNT_LIMIT.

    All entries are counted from the chain's head without looking at them.
    """
    if not queryset.query.has_filters():
        head = Head.objects.first()
        return (head.seq - head.floor + 1 if head else 0), True
    found = queryset.order_by("id")[: COUNT_LIMIT + 1].count()
    return min(found, COUNT_LIMIT), found <= COUNT_LIMIT


def known_actions() -> list[str]:
    """Each action that occurs, in order, read by hopping along the index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE hop(action) AS (SELECT MIN(action) FROM audit_entry UNION ALL"
            " SELECT (SELECT MIN(action) FROM audit_entry WHERE action > hop.action)"
            " FROM hop WHERE hop.action IS NOT NULL)"
            " SELECT action FROM hop WHERE action IS NOT NULL"
        )
        return [action for (action,) in cursor.fetchall()]
