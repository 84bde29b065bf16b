"""When a delivery that failed is tried again."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Final

FIRST: Final = timedelta(seconds=10)
MOST: Final = timedelta(minutes=15)


def _quarter_by_chance() -> float:
    return random.uniform(0.75, 1.0)  # noqa: S311 - spreads load, guards nothing


def pause_after(attempts: int, *, chance: Callable[[], float] = _quarter_by_chance) -> timedelta:
    """After so many failed attempts: 10 s, doubled up to 15 min, a quarter of it by chance."""
    doubled: timedelta = FIRST * 2.0 ** min(attempts - 1, 16)
    return min(doubled, MOST) * chance()
