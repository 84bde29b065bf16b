"""What may be asked of a log, by API and socket alike."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from audit.moments import Moment, in_utc
from provisioning.drivers.log_cursors import Cursor, NoCursor, parse_cursor
from provisioning.logs.choosing import Choice
from provisioning.logs.reading import MAX_LINES, Asked

MAX_SEARCH: Final = 200
Level = Literal["", "debug", "info", "warning", "error"]
Stream = Literal["", "stdout", "stderr"]


def _cursor(value: str) -> str:
    try:
        return str(parse_cursor(value)) if value else ""
    except NoCursor:
        raise ValueError("no cursor, as they come with lines") from None


def _end(value: Any) -> Any:
    """A time, or the cursor of the last line that is wanted."""
    if isinstance(value, str) and "~" in value:
        return _cursor(value)
    return value


CursorText = Annotated[str, Field(max_length=50), AfterValidator(_cursor)]
SEARCH: Final = "only lines with this text, in any case"
LEVEL: Final = "only lines that are at least so serious; those that say nothing count as info"


class Filters(BaseModel):
    """Which lines of the log are wanted."""

    search: str = Field("", max_length=MAX_SEARCH, description=SEARCH)
    level: Level = Field("", description=LEVEL)
    stream: Stream = Field("", description="only this output of the container")

    @property
    def choice(self) -> Choice:
        return Choice(self.search, self.level, self.stream)


class LogQuery(Filters):
    """``since`` and ``until`` are ISO 8601 or seconds since 1970."""

    tail: int = Field(200, ge=1, le=MAX_LINES, description="the last lines of the log")
    since: Moment | None = Field(None, description="ISO 8601, or seconds since 1970")
    until: Annotated[Moment | CursorText | None, BeforeValidator(_end)] = Field(
        None, description="the same, or the cursor of the last line that is wanted"
    )
    after: CursorText = Field(
        "", description="a cursor: the first `tail` lines behind it instead of the last"
    )
    timestamps: bool = Field(False, description="put each line's time in front of it")

    @property
    def asked(self) -> Asked:
        return Asked(
            tail=self.tail,
            since=self.since,
            until=_until(self.until),
            after=parse_cursor(self.after) if self.after else None,
            choice=self.choice,
        )


def _until(value: datetime | str | None) -> datetime | Cursor | None:
    if isinstance(value, str):
        return parse_cursor(value) if value else None
    return value if value is None else in_utc(value)


class Refine(Filters):
    """Other filters for a socket that is open; ``tail`` of the lines before are sent anew."""

    model_config = ConfigDict(extra="forbid", strict=True)
    type: Literal["filter"]
    tail: int = Field(200, ge=0, le=MAX_LINES)
    id: int | str | None = None
