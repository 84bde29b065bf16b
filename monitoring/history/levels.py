"""How long history is kept at which resolution; each level is averaged from the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S
YEAR_S: Final = 365 * DAY_S
MOST_POINTS: Final = 200  # of an answer nobody asked a resolution of


@dataclass(frozen=True, slots=True)
class Level:
    """Points every ``step_s`` seconds, counted from 1970, for the last ``keep_s``."""

    number: int
    step_s: int
    keep_s: int

    @property
    def points(self) -> int:
        return self.keep_s // self.step_s

    def begin(self, at_s: float) -> int:
        """When the step that holds this moment began."""
        return int(at_s // self.step_s) * self.step_s


LEVELS: Final = tuple(
    Level(number, step_s, keep_s)
    for number, (step_s, keep_s) in enumerate(
        (
            (60, HOUR_S),
            (10 * 60, 12 * HOUR_S),
            (20 * 60, DAY_S),
            (2 * HOUR_S, 7 * DAY_S),
            (8 * HOUR_S, YEAR_S),
            (2 * DAY_S, YEAR_S),  # so that a year is read from as few rows as an hour
        )
    )
)


def level_for(
    begin_s: float, end_s: float, *, now_s: float, resolution_s: int | None = None
) -> Level:
    """The finest level that reaches back to ``begin_s`` and is not finer than was asked for.

    Without a resolution, the finest that answers in at most 200 points.
    """
    # Who asks for the last hour asks a moment later than he began it.
    reaching = [level for level in LEVELS if now_s - begin_s <= level.keep_s + level.step_s]
    reaching = reaching or [LEVELS[-1]]
    if resolution_s is not None:
        fitting: Sequence[Level] = [level for level in reaching if level.step_s >= resolution_s]
    else:
        fitting = [level for level in reaching if (end_s - begin_s) / level.step_s <= MOST_POINTS]
    return fitting[0] if fitting else reaching[-1]
