"""What a client says to a terminal's socket: bytes are what is typed, text is control."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from provisioning.drivers.terminal import MAX_COLS, MAX_ROWS
from siteflow.frames import BadFrame, Ping, Pong, parse_as

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


Frame = Start | Resize | Signal | Confirm | Close | Ping | Pong
_FRAMES: Final[TypeAdapter[Frame]] = TypeAdapter(Annotated[Frame, Field(discriminator="type")])


def parse(text: str | None) -> Frame:
    """One control message. Raises BadFrame."""
    return parse_as(text, _FRAMES)


def typed(data: bytes) -> bytes:
    if len(data) > MAX_TYPED_BYTES:
        raise BadFrame(f"At most {MAX_TYPED_BYTES} bytes at once.", "message_too_large")
    return data
