"""Values that databases keep as JSON exactly as they are."""

from __future__ import annotations

from typing import Any, Final

from provisioning.drivers.hostile import storable

MAX_DEPTH: Final = 20
MAX_NUMBER: Final = 2**63 - 1


def is_keepable(value: Any, depth: int = MAX_DEPTH) -> bool:
    """No text that PostgreSQL refuses, no number that JSON has not, nothing nested too deeply."""
    if depth == 0:
        return False
    if isinstance(value, str):
        return storable(value, limit=len(value)) == value
    if isinstance(value, dict):
        return all(
            is_keepable(key, depth - 1) and is_keepable(one, depth - 1)
            for key, one in value.items()
        )
    if isinstance(value, list):
        return all(is_keepable(one, depth - 1) for one in value)
    if isinstance(value, bool) or value is None:
        return True
    return isinstance(value, int | float) and abs(value) <= MAX_NUMBER  # NaN is not
