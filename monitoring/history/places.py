"""Where a point lies in its table, which is what its key says.

Points of one level are written in order of time and go in order of time; those of several levels
do not: a table in the order of writing would be full of gaps that minutes left between hours. So
each level has a range of keys of its own, in which pages fill one after the other and empty as they
filled. The last range is that of the level with most points: at the end, pages are filled whole.
"""

from __future__ import annotations

from typing import Final

from monitoring.history.levels import LEVELS, Level

_STEP_BITS: Final = 27  # minutes until 2225
_SERIES_BITS: Final = 33
_ORDER: Final = sorted(LEVELS, key=lambda level: level.points)
LAST: Final = _ORDER[-1]
_RANGES: Final = {level.number: place for place, level in enumerate(_ORDER)}


def key_of(series: int, level: Level, at_s: float) -> int:
    """The one key that a step of a series can have."""
    step = int(at_s) // level.step_s % (1 << _STEP_BITS)
    return (_RANGES[level.number] << _STEP_BITS | step) << _SERIES_BITS | series
