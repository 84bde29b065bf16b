"""What a client says to a terminal's socket: bytes are what is typed, text is control."""

from __future__ import annotations

import json
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from provisioning.drivers.terminal import MAX_COLS, MAX_ROWS
from siteflow.frames import MAX_FRAME_BYTES, BadFrame

MAX_TYPED_BYTES: Final = 64 * 1024
Word = Annotated[str, Field(max_length=4_096, pattern=r"^[^\x00]*$")]
Cols = Annotated[int, Field(ge=1, le=MAX_COLS)]
Rows = Annotated[int, Field(ge=1, le=MAX_ROWS)]


class _Frame(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Start(_Frame):
    """``command`` is an argv; none: a shell. ``confirms``: the client will say what arrives."""

    type: Literal["start"]
    command: list[Word] | None = Field(default=None, min_length=1, max_length=100)
    user: str = Field(default="", max_length=100, pattern=r"^[A-Za-z0-9_.:$-]*$")
    workdir: str = Field(default="", max_length=4_096, pattern=r"^(/[^\x00]*)?$")
    tty: bool = True
    cols: Cols = 80
    rows: Rows = 24
    confirms: bool = False


class Resize(_Frame):
    type: Literal["resize"]
    cols: Cols
    rows: Rows


class Signal(_Frame):
    type: Literal["signal"]
    name: Literal["HUP", "INT", "QUIT", "TERM", "KILL", "USR1", "USR2"]


class Confirm(_Frame):
    """So many bytes more of what was shown have arrived."""

    type: Literal["confirm"]
    size: Annotated[int, Field(ge=1, le=1 << 40)]


class Close(_Frame):
    type: Literal["close"]


class Pong(_Frame):
    type: Literal["pong"]


class Ping(_Frame):
    type: Literal["ping"]


Frame = Start | Resize | Signal | Confirm | Close | Ping | Pong
_FRAMES: Final[TypeAdapter[Frame]] = TypeAdapter(Annotated[Frame, Field(discriminator="type")])


def parse(text: str) -> Frame:
    """One control message. Raises BadFrame."""
    if len(text) > MAX_FRAME_BYTES or len(text.encode(errors="replace")) > MAX_FRAME_BYTES:
        raise BadFrame(f"A message may have {MAX_FRAME_BYTES} bytes.", "message_too_large")
    try:
        return _FRAMES.validate_python(json.loads(text))
    except ValidationError as error:
        raise _why(error) from None
    except (ValueError, RecursionError):
        raise BadFrame("This is not JSON.", "bad_json") from None


def typed(data: bytes) -> bytes:
    if len(data) > MAX_TYPED_BYTES:
        raise BadFrame(f"At most {MAX_TYPED_BYTES} bytes at once.", "message_too_large")
    return data


def _why(error: ValidationError) -> BadFrame:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"].startswith("union_tag"):
        return BadFrame("There is no such type of message.", "unknown_type", "type")
    field = ".".join(str(part) for part in first["loc"][1:])
    return BadFrame(f"{field or 'message'}: {first['msg']}.", "bad_message", field)
