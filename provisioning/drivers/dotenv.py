"""The ``.env`` of a compose project: the one place where a value is escaped for it.

The form is that of Compose v2's own reader (compose-go, ``dotenv/parser.go``): in single quotes
all but an escaped quote stands for itself, in double quotes the escapes of C count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from provisioning.drivers.dotenv_reader import MAX_CHARS, Reader
from provisioning.drivers.errors import DriverError

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_IN_DOUBLE_QUOTES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "$": "\\$", "\r": "\\r"})


def dump(env: Mapping[str, str]) -> str:
    """One statement for each name, in the order given; Compose reads every value byte for byte.

    DriverError ``bad_argument`` for a name that is none, a NUL byte or half a surrogate pair, and
    for more than a megabyte of values.
    """
    if sum(map(len, env.values())) > MAX_CHARS:
        raise DriverError("the values for .env are too long", "bad_argument")
    return "".join(f"{_checked(name)}={_quoted(name, value)}\n" for name, value in env.items())


def load(text: str) -> dict[str, str]:
    """What Compose reads from it where nothing but the file itself defines a variable.

    DriverError ``bad_compose`` with the line, never a value, for what Compose would refuse, for
    references within references, and for more than a megabyte of values.
    """
    return Reader(text.removeprefix("\ufeff").replace("\r\n", "\n")).read()


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise DriverError("a name for .env is not the name of a variable", "bad_argument")
    return name


def _quoted(name: str, value: str) -> str:
    if "\0" in value or _SURROGATE.search(value):
        raise DriverError(f"the value of {name} holds a broken character", "bad_argument")
    # A backslash at the end would escape the closing quote; Compose reads CR LF as LF.
    if "'" in value or "\r" in value or value.endswith("\\"):
        return f'"{value.translate(_IN_DOUBLE_QUOTES)}"'
    return f"'{value}'"
