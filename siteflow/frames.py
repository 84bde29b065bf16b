"""What clients send over a socket, checked before anything looks at it."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

T = TypeVar("T")

MAX_FRAME_BYTES: Final = 16 * 1024
MAX_IDS: Final = 500


class BadFrame(Exception):
    """The message cannot be understood; nothing was done."""

    status = 400

    def __init__(self, message: str, code: str = "bad_message", field: str = "") -> None:
        super().__init__(message)
        self.message, self.code, self.field = message, code, field


class _Frame(BaseModel):
    """``id`` is the client's own number of the message; the answer repeats it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: int | str | None = Field(default=None, union_mode="left_to_right")


class Subscribe(_Frame):
    type: Literal["subscribe"]
    topic: str = Field(max_length=80)
    ids: list[int] | None = Field(default=None, max_length=MAX_IDS)
    after: int = Field(default=0, ge=0)


class Unsubscribe(_Frame):
    type: Literal["unsubscribe"]
    topic: str = Field(max_length=80)


class Ping(_Frame):
    type: Literal["ping"]


class Pong(_Frame):
    """The answer to our own ping; nobody has to send it."""

    type: Literal["pong"]


class ActionStart(_Frame):
    type: Literal["action.start"]
    kind: str = Field(max_length=60)
    target_type: str | None = None
    target_id: int | None = None
    params: dict[str, Any] = {}
    confirm_name: str | None = None
    idempotency_key: str | None = Field(default=None, max_length=100)


Frame = Subscribe | Unsubscribe | Ping | Pong | ActionStart
_FRAMES: Final[TypeAdapter[Frame]] = TypeAdapter(Annotated[Frame, Field(discriminator="type")])


def parse(text: str | None) -> Frame:
    """One message of a client. Raises BadFrame."""
    return parse_as(text, _FRAMES)


def parse_as(text: str | None, frames: TypeAdapter[T]) -> T:
    """The same for a socket with messages of its own, told apart by their ``type``."""
    if text is None:
        raise BadFrame("Send JSON as text, not binary data.")
    if len(text) > MAX_FRAME_BYTES or len(text.encode()) > MAX_FRAME_BYTES:
        raise BadFrame(f"A message may have {MAX_FRAME_BYTES} bytes.", "message_too_large")
    try:
        value = json.loads(text)
        if "\\ud" in text.lower():  # half of a surrogate pair: nobody could be answered with it
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise BadFrame("This is not JSON.", "bad_json") from None
    try:
        return frames.validate_python(value)
    except ValidationError as error:
        raise _why(error) from None


def _why(error: ValidationError) -> BadFrame:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"].startswith("union_tag"):
        return BadFrame("There is no such type of message.", "unknown_type", "type")
    field = ".".join(str(part) for part in first["loc"][1:])
    return BadFrame(f"{field or 'message'}: {first['msg']}.", "bad_message", field)
