"""pending → firing → resolved, without a database and with a clock of the tests' own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.alerts.findings import Finding, Subject, Verdict
from monitoring.alerts.kinds import Type
from monitoring.alerts.states import DROPPED, LONGEST_CLEAR, Course, Timing, step

START = datetime(2026, 1, 1, tzinfo=UTC)
THING = Subject("host:1", Type.HOST, 1, "web1", 1)
TIMING = Timing(for_s=30, clear_for_s=60)
BAD, GOOD, BETWEEN, UNKNOWN = Verdict.BAD, Verdict.GOOD, Verdict.BETWEEN, Verdict.UNKNOWN
Seen = list[tuple[int, Verdict]]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def run(seen: Seen, timing: Timing = TIMING, **more: Any) -> Course | None:
    course: Course | None = None
    for second, verdict in seen:
        if course is not None and not course.is_open:
            course = None
        course = step(course, Finding(THING, verdict), timing, now=at(second), **more)
    return course


def state(seen: Seen, timing: Timing = TIMING, **more: Any) -> str | None:
    course = run(seen, timing, **more)
    return course.state if course else None


@pytest.mark.parametrize("verdict", [GOOD, BETWEEN, UNKNOWN])
def test_nothing_comes_of_what_is_not_wrong(verdict: Verdict) -> None:
    assert state([(0, verdict)]) is None


def test_it_is_told_only_once_it_was_so_for_long_enough() -> None:
    assert state([(0, BAD)]) == "pending"
    assert state([(0, BAD), (29, BAD)]) == "pending"
    assert state([(0, BAD), (30, BAD)]) == "firing"
    assert state([(0, BAD)], Timing(0, 0)) == "firing"


@pytest.mark.parametrize("verdict", [GOOD, BETWEEN, UNKNOWN])
def test_what_was_so_for_a_moment_leaves_no_trace(verdict: Verdict) -> None:
    assert state([(0, BAD), (10, verdict)]) == DROPPED
    assert state([(0, BAD), (20, verdict), (40, BAD)]) == "pending"


def test_it_is_over_only_once_it_was_well_for_long_enough() -> None:
    fired: Seen = [(0, BAD), (30, BAD)]
    assert state([*fired, (40, GOOD), (99, GOOD)]) == "firing"
    assert state([*fired, (40, GOOD), (100, GOOD)]) == "resolved"
    assert state([*fired, (40, GOOD), (90, BETWEEN), (100, GOOD), (159, GOOD)]) == "firing"


def test_what_is_unknown_never_ends_it_and_says_since_when() -> None:
    fired: Seen = [(0, BAD), (30, BAD)]
    course = run([*fired, (40, UNKNOWN), (90_000, UNKNOWN)])
    assert course is not None
    assert (course.state, course.unseen_since) == ("firing", at(40))
    seen_again = run([*fired, (40, UNKNOWN), (50, BAD)])
    assert seen_again is not None and seen_again.unseen_since is None


def test_being_well_begins_anew_after_it_was_not_seen() -> None:
    fired: Seen = [(0, BAD), (30, BAD), (40, GOOD), (50, UNKNOWN), (110, GOOD)]
    assert state(fired) == "firing"
    assert state([*fired, (170, GOOD)]) == "resolved"


def test_nobody_knows_what_was_during_a_break() -> None:
    long_ago: Seen = [(0, BAD), (1000, BAD)]
    assert state(long_ago, resumed_at=at(990)) == "pending"
    assert state([*long_ago, (1020, BAD)], resumed_at=at(990)) == "firing"


def test_each_return_makes_the_end_twice_as_late() -> None:
    timing = Timing(0, 60)
    back: Seen = [(0, BAD), (10, GOOD), (20, BAD), (30, GOOD)]
    assert state([*back, (100, GOOD)], timing) == "firing"
    assert state([*back, (150, GOOD)], timing) == "resolved"
    assert [TIMING.clear_for(flaps).total_seconds() for flaps in (0, 1, 2, 3)] == [
        60,
        120,
        240,
        480,
    ]
    assert TIMING.clear_for(50) == LONGEST_CLEAR
    assert Timing(0, 0).clear_for(0) == timedelta() < Timing(0, 0).clear_for(1)


verdicts = st.lists(
    st.tuples(st.integers(1, 120), st.sampled_from(list(Verdict))), min_size=1, max_size=60
)


@settings(max_examples=300, deadline=None)
@given(verdicts, st.integers(0, 120), st.integers(0, 120))
def test_whatever_is_seen_only_well_ends_it_and_only_wrong_begins_it(
    seen: Seen, for_s: int, clear_for_s: int
) -> None:
    second = 0
    course: Course | None = None
    for pause, verdict in seen:
        second += pause
        was = course if course is not None and course.is_open else None
        course = step(was, Finding(THING, verdict), Timing(for_s, clear_for_s), now=at(second))
        before, after = (was.state if was else None), (course.state if course else None)
        if after == "firing" and before != "firing":
            assert verdict is BAD
            assert course is not None and at(second) - course.pending_at >= timedelta(seconds=for_s)
        if before == "firing" and after != "firing":
            assert (verdict, after) == (GOOD, "resolved")
        if before == "firing" and verdict is UNKNOWN:
            assert course is not None and course.unseen_since is not None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=20, max_size=20))
def test_one_that_flaps_is_told_a_few_times_and_not_each_time(
    rhythm: list[tuple[int, int]],
) -> None:
    """Wrong and well in turn: as a new alert takes over how often the last one came back, each
    lasts twice as long as the one before."""
    timing, second, told, flaps = Timing(0, 5), 0, 0, 0
    course: Course | None = None
    for wrong, well in rhythm:
        for length, verdict in ((wrong, BAD), (well, GOOD)):
            for _ in range(length):
                second += 1
                was = course if course is not None and course.is_open else None
                if was is None and course is not None:
                    flaps = course.flaps + 1
                course = step(was, Finding(THING, verdict), timing, now=at(second), flaps=flaps)
                told += bool(course and course.state == "firing" and was is None)
    assert told <= 5  # 5, 10, 20, 40 s of being well, and no pause here is as long as 80 s
