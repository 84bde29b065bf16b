"""Times that people and programs send: without a zone they are UTC, and all of them can be kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from pydantic import AfterValidator


def in_utc(moment: datetime) -> datetime:
    """Raises ValueError where the zone carries it out of the calendar."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside of the calendar") from None


Moment = Annotated[datetime, AfterValidator(in_utc)]


def moment_in(value: Any, time_of_day: time) -> Any:
    """A date becomes a moment; `+` that a browser's address line turned into a space comes back."""
    if not isinstance(value, str) or not value:
        return value or None
    try:
        if len(value) == len("YYYY-MM-DD"):
            return datetime.combine(date.fromisoformat(value), time_of_day, UTC)
        moment = datetime.fromisoformat(value.replace(" ", "+") if "T" in value else value)
    except ValueError as error:
        raise ValueError("not a date and no time such as 2031-05-06T07:08:09Z") from error
    return moment
