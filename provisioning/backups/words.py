"""Ages and sizes for people."""

from __future__ import annotations

from typing import Final

_AGES: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def age_words(seconds: int | None) -> str | None:
    """As "47 h" until two days are over, then as "3 d"."""
    if seconds is None:
        return None
    unit, size = next((one for one in _AGES if seconds >= 2 * one[1]), _AGES[-1])
    return f"{seconds // size} {unit}"


def size_words(size: int | None) -> str | None:
    """In powers of 1000, as disks are sold."""
    if size is None:
        return None
    number, unit = float(size), 0
    while number >= 1000 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    shown = f"{number:.0f}" if number >= 10 or not unit else f"{number:.1f}"
    return f"{shown} {_UNITS[unit]}"
