from __future__ import annotations

import pytest

from monitoring.history.levels import DAY_S, HOUR_S, LEVELS, MOST_POINTS, YEAR_S, level_for

NOW_S = 1_800_000_000.0


def test_each_level_can_be_made_of_the_one_before() -> None:
    for finer, level in zip(LEVELS, LEVELS[1:], strict=False):
        assert level.step_s % finer.step_s == 0
        assert finer.keep_s >= level.step_s
        assert level.keep_s >= finer.keep_s


@pytest.mark.parametrize(
    ("range_s", "step_s"),
    [
        (HOUR_S, 60),
        (12 * HOUR_S, 600),
        (DAY_S, 1200),
        (7 * DAY_S, 2 * HOUR_S),
        (30 * DAY_S, 8 * HOUR_S),
        (YEAR_S, 2 * DAY_S),
        (9 * YEAR_S, 2 * DAY_S),
    ],
)
def test_the_range_decides(range_s: int, step_s: int) -> None:
    level = level_for(NOW_S - range_s, NOW_S, now_s=NOW_S)
    assert level.step_s == step_s
    assert min(range_s, level.keep_s) / level.step_s <= MOST_POINTS


def test_a_short_range_long_ago_is_as_coarse_as_what_is_left_of_it() -> None:
    begin_s = NOW_S - 60 * DAY_S
    assert level_for(begin_s, begin_s + HOUR_S, now_s=NOW_S).step_s == 8 * HOUR_S


@pytest.mark.parametrize(("wanted_s", "step_s"), [(1, 8 * HOUR_S), (HOUR_S * 9, 2 * DAY_S)])
def test_a_resolution_may_be_asked_for(wanted_s: int, step_s: int) -> None:
    found = level_for(NOW_S - YEAR_S, NOW_S, now_s=NOW_S, resolution_s=wanted_s)
    assert found.step_s == step_s
