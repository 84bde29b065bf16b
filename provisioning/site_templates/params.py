"""The parameters of a template: a JSON schema of typed, bounded values, and nothing that can hang.

Only what is listed here may stand in it. There are no references, so nothing is fetched, and a
pattern has no groups and few repetitions, so that no value can keep its search busy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from jsonschema import Draft202012Validator
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)

MAX_TEXT: Final = 2_000  # characters of a value
MAX_WITH_PATTERN: Final = 253
MAX_REPETITIONS: Final = 3

Value = StrictStr | StrictInt | StrictBool
_EMPTY: Final[dict[str, Value]] = {"string": "", "integer": 0, "boolean": False}
# A line break would end a line of .env for whoever reads it without quotes.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


class ParamError(Exception):
    """A value that a template does not take; ``field`` is the parameter's name."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Param(BaseModel):
    """One parameter, in the words of JSON schema (draft 2020-12)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    type: Literal["string", "integer", "boolean"]
    title: str = Field(default="", max_length=80)
    description: str = Field(default="", max_length=300)
    default: Value | None = Field(default=None)
    enum: tuple[Value, ...] | None = Field(default=None, min_length=1, max_length=100)
    min_length: int | None = Field(default=None, alias="minLength", ge=0, le=MAX_TEXT)
    max_length: int | None = Field(default=None, alias="maxLength", ge=1, le=MAX_TEXT)
    pattern: str | None = Field(default=None, max_length=200)
    minimum: int | None = None
    maximum: int | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.pattern is not None:
            _check_pattern(self.pattern, self.max_length)
        texts, numbers = (
            (self.min_length, self.max_length, self.pattern),
            (self.minimum, self.maximum),
        )
        if self.type != "string" and any(word is not None for word in texts):
            raise ValueError("only a string has a length or a pattern")
        if self.type != "integer" and any(word is not None for word in numbers):
            raise ValueError("only an integer has a minimum or a maximum")
        for value in (*(self.enum or ()), *(() if self.default is None else (self.default,))):
            if _failure(value, self):
                raise ValueError(f"{value!r} is not a value that it takes itself")
        return self

    def schema_part(self) -> dict[str, Any]:
        shown = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        if self.type == "string" and self.enum is None:
            shown.setdefault("maxLength", MAX_TEXT)
        return {"type": self.type, **shown}


class Params(BaseModel):
    """The schema as a whole: an object of parameters and of nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: Literal["object"] = "object"
    properties: dict[Name, Param] = Field(default_factory=dict, max_length=50)
    required: tuple[Name, ...] = ()
    additionalProperties: Literal[False] = False  # noqa: N815  (JSON schema's own word)

    @model_validator(mode="after")
    def _required_exist(self) -> Self:
        for name in self.required:
            if name not in self.properties:
                raise ValueError(f"{name} is required, but is no parameter")
        return self

    def schema_text(self) -> dict[str, Any]:
        """As JSON schema, for programs and forms."""
        parts = {name: param.schema_part() for name, param in self.properties.items()}
        return {
            "type": "object",
            "properties": parts,
            "required": list(self.required),
            "additionalProperties": False,
        }

    def complete(self, given: Mapping[str, Any]) -> dict[str, Value]:
        """The values of all parameters, with defaults where nothing is given; ParamError."""
        for name in given:
            if name not in self.properties:
                raise ParamError(f"{name[:40]}: there is no such parameter.", field=name[:40])
        found: dict[str, Value] = {}
        for name, param in self.properties.items():
            value = given.get(name)
            value = param.default if value is None else value
            if value is None and name in self.required:
                raise ParamError(f"{name}: this is needed.", field=name)
            if value is not None and (failure := _failure(value, param)):
                raise ParamError(f"{name}: {failure}.", field=name)
            found[name] = _EMPTY[param.type] if value is None else value
        return found


def _failure(value: Any, param: Param) -> str:
    """Why ``value`` is refused, in words that do not repeat it; "" if it is taken."""
    schema = param.schema_part()
    if isinstance(value, str) and len(value) > int(schema.get("maxLength", MAX_TEXT)):
        return f"at most {schema.get('maxLength', MAX_TEXT)} characters"  # before any pattern
    if isinstance(value, str) and _CONTROL.search(value):
        return "no line breaks or control characters"
    for error in Draft202012Validator(schema).iter_errors(value):
        return _words(str(error.validator), error.validator_value)
    return ""


def _words(keyword: str, limit: Any) -> str:
    shown = ", ".join(map(str, limit)) if isinstance(limit, list) else str(limit)
    return {
        "type": f"it must be of type {shown}",
        "enum": f"one of {shown}",
        "minLength": f"at least {shown} characters",
        "maxLength": f"at most {shown} characters",
        "minimum": f"{shown} at least",
        "maximum": f"{shown} at most",
        "pattern": f"it must match {shown}",
    }.get(keyword, f"it breaks the rule {keyword}")


def _check_pattern(pattern: str, max_length: int | None) -> None:
    if not max_length or max_length > MAX_WITH_PATTERN:
        raise ValueError(f"a pattern needs a maxLength of at most {MAX_WITH_PATTERN}")
    outside = re.sub(r"\[\^?\]?[^\]]*\]", "x", re.sub(r"\\.", "x", pattern))
    if "(" in outside:
        raise ValueError("a pattern has no groups")
    if sum(outside.count(sign) for sign in "*+{?") > MAX_REPETITIONS:
        raise ValueError(f"a pattern has at most {MAX_REPETITIONS} repetitions")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"the pattern cannot be read: {error}") from None
