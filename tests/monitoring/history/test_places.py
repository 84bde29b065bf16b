"""Keys of points: one for each step of a series, in order of time within a level."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from monitoring.history.levels import LEVELS, YEAR_S
from monitoring.history.places import LAST, key_of

NOW_S = datetime(2026, 5, 1, tzinfo=UTC).timestamp()
MOST = 2**63 - 1  # of a key in either database


def test_a_level_has_a_range_of_its_own_in_order_of_time() -> None:
    ranges = []
    for level in LEVELS:
        keys = [
            key_of(series, level, NOW_S + step * level.step_s)
            for step in range(50)
            for series in (1, 2, 2**33 - 1)
        ]
        assert keys == sorted(set(keys))
        ranges.append((keys[0], keys[-1]))
    for before, after in pairwise(sorted(ranges)):
        assert before[1] < after[0]
    assert sorted(ranges)[-1] == ranges[LAST.number]


def test_every_moment_and_series_has_a_key_that_fits() -> None:
    for level in LEVELS:
        for at_s in (0.0, NOW_S, NOW_S + 500 * YEAR_S):
            assert 0 < key_of(2**33 - 1, level, at_s) <= MOST


def test_all_of_a_step_is_one_key() -> None:
    for level in LEVELS:
        begin_s = level.begin(NOW_S)
        assert key_of(7, level, begin_s) == key_of(7, level, begin_s + level.step_s - 1)
