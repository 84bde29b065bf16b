"""Averaging keeps the extremes and the average, however a time is cut; bytes keep 7 digits."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.history.packing import packed, unpacked
from monitoring.history.summaries import Summary, Summed, Tally, merged, total
from monitoring.metrics import METRICS

NUMBERS = st.floats(0, 1e15)


def tallied(*values: float) -> Summed:
    tally = Tally()
    for value in values:
        tally.add({"cpu_percent": value}, source="cgroup")
    return tally.summed()


def test_a_minute() -> None:
    assert tallied(1, 5, 3) == Summed(1, "cgroup", {"cpu_percent": Summary(1, 3, 5)})


def test_a_minute_that_was_looked_at_closely_counts_no_more_than_another() -> None:
    busy, calm = tallied(*[100.0] * 60), tallied(0, 0)
    assert merged([busy, calm]).values["cpu_percent"] == Summary(0, 50, 100)


def test_longer_steps_weigh_by_what_was_seen_of_them() -> None:
    hour = Summed(10, "cgroup", {"pids": Summary(1, 1, 1)})
    minute = Summed(1, "cgroup", {"pids": Summary(12, 12, 12)})
    assert merged([hour, minute]) == Summed(11, "cgroup", {"pids": Summary(1, 2, 12)})


def test_what_is_missing_in_a_part_is_averaged_over_the_others() -> None:
    without = Summed(1, "docker", {"pids": Summary(1, 1, 1)})
    found = merged([tallied(4), without])
    assert found.values == {"cpu_percent": Summary(4, 4, 4), "pids": Summary(1, 1, 1)}
    assert found.source == "docker"


def test_the_sum_of_several_things() -> None:
    assert total([tallied(1, 3), tallied(10, 30)]).values["cpu_percent"] == Summary(11, 22, 33)


@given(st.lists(st.lists(NUMBERS, min_size=1), min_size=1))
def test_merging_stays_between_the_extremes(minutes: list[list[float]]) -> None:
    summary = merged([tallied(*values) for values in minutes]).values["cpu_percent"]
    every = [value for values in minutes for value in values]
    assert (summary.low, summary.high) == (min(every), max(every))
    assert summary.low <= summary.mean <= summary.high


@pytest.mark.parametrize("kind", METRICS)
def test_bytes_and_back(kind: str) -> None:
    names = list(METRICS[kind])
    values = {name: Summary(1, 2.5, 123456) for name in names[1:]}
    summed = Summed(480, "docker", values)
    data = packed(kind, summed)
    assert unpacked(kind, data) == summed
    assert len(data) == 3 + 12 * len(names)


def test_points_from_before_a_metric_was_added_lack_it() -> None:
    data = packed("disk", Summed(1, "cgroup", {"used_bytes": Summary(1, 2, 3)}))
    assert unpacked("disk", data[:15]).values == {"used_bytes": Summary(1, 2, 3)}


@given(st.floats(allow_nan=False), st.integers(1, 10**9))
def test_any_number_can_be_kept(number: float, minutes: int) -> None:
    data = packed("disk", Summed(minutes, "cgroup", {"used_bytes": Summary(*[number] * 3)}))
    kept = unpacked("disk", data).values["used_bytes"].mean
    most = struct.unpack("<f", struct.pack("<f", 3.4e38))[0]
    assert kept == pytest.approx(max(-most, min(most, number)), rel=1e-6, abs=1e-38)
    assert math.isfinite(kept)
