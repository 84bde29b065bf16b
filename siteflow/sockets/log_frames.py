"""What a client asks of a log's socket: in its address, and by messages later on."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import parse_qs

from pydantic import Field, TypeAdapter, ValidationError

from provisioning.drivers.log_cursors import Cursor, NoCursor, parse_cursor
from provisioning.logs.asking import LogQuery, Refine
from provisioning.logs.reading import MAX_LINES
from siteflow.frames import BadFrame, Ping, Pong, parse_as

MAX_CONTAINERS: Final = 20
LogFrame = Refine | Ping | Pong
_FRAMES: Final[TypeAdapter[LogFrame]] = TypeAdapter(
    Annotated[LogFrame, Field(discriminator="type")]
)


class Wanted(LogQuery):
    """``behind`` has the cursor of each container, as one socket may follow several."""

    tail: int = Field(200, ge=0, le=MAX_LINES)
    follow: bool = True
    levels: bool = False
    containers: str = Field("", max_length=400)
    behind: dict[int, Cursor] = {}


def wanted(query: bytes, container: int | None) -> Wanted:
    """Of the address. Raises BadFrame."""
    given: dict[str, Any] = {
        name: values[-1] for name, values in parse_qs(query.decode("latin-1")).items()
        if name in Wanted.model_fields and name != "behind"
    }  # fmt: skip
    behind = _behind(given.pop("after", ""), container)
    try:
        return Wanted.model_validate({**given, "behind": behind})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"][:1])
        raise BadFrame(f"{field}: {first['msg']}.", "invalid", field) from None


def _behind(text: str, container: int | None) -> dict[int, Cursor]:
    """A cursor, or several as ``7:cursor,8:cursor``."""
    found: dict[int, Cursor] = {}
    try:
        if container is not None:
            return {container: parse_cursor(text)} if text else {}
        for each in filter(None, text.split(",")[:MAX_CONTAINERS]):
            key, _, cursor = each.partition(":")
            found[_key(key)] = parse_cursor(cursor)
    except NoCursor:
        raise BadFrame("after: no cursor, as they come with lines.", "invalid", "after") from None
    return found


def keys(text: str) -> list[int]:
    """``1,2,3``. Raises BadFrame."""
    found = [_key(each) for each in text.split(",") if each]
    if not 0 < len(set(found)) <= MAX_CONTAINERS:
        raise BadFrame(f"containers: 1 to {MAX_CONTAINERS} keys.", "invalid", "containers")
    return sorted(set(found))


def _key(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise BadFrame("containers: keys with commas between them.", "invalid", "containers")
    return int(text)


def parse(text: str | None) -> LogFrame:
    return parse_as(text, _FRAMES)
