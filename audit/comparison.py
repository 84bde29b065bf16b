"""Before and after, side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One field; `before` or `after` is None where it was not there."""

    name: str
    before: str | None
    after: str | None

    @property
    def differs(self) -> bool:
        return self.before != self.after


def compare(before: Any, after: Any) -> list[Row]:
    """A row per top-level field of either value; a value that is no object is one row."""
    old, new = _fields(before), _fields(after)
    return [
        Row(name, _text(old, name), _text(new, name)) for name in sorted(old.keys() | new.keys())
    ]


def _fields(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"": value}


def _text(fields: dict[str, Any], name: str) -> str | None:
    if name not in fields:
        return None
    value = fields[name]
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
