"""Times that people and programs send: without a zone they are UTC, and all of them can be kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

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
