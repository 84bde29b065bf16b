"""Counters to rates: whatever happens to a counter, no spike, no negative value, no false zero."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.rates import container_readings, host_readings, is_gap
from provisioning.drivers.sampler_parse import ContainerCounters, HostCounters

BEFORE = ContainerCounters(42, 1e6, 1000, 9000, 100, 200, 300, 400, 5)
AFTER = ContainerCounters(42, 3e6, 1500, 9000, 1100, 2200, 3300, 4400, 6)
HOST_BEFORE = HostCounters(1, 2, 3, 2, (100, 0, 0, 100, 0, 0, 0, 0), 1000, 400, 10, 4, 0, 0)
HOST_AFTER = HostCounters(1, 2, 3, 2, (150, 0, 25, 200, 25, 0, 0, 0), 1000, 300, 10, 3, 50, 100)
RATES = {
    "cpu_percent",
    "received_bytes_per_s",
    "sent_bytes_per_s",
    "read_bytes_per_s",
    "written_bytes_per_s",
}


def readings(before: ContainerCounters | None, after: ContainerCounters) -> dict[str, float]:
    return container_readings(before, after, elapsed_s=10, cpus=2)


def test_rates_of_a_container() -> None:
    assert readings(BEFORE, AFTER) == {
        "cpu_percent": 20,
        "memory_bytes": 1500,
        "memory_limit_bytes": 9000,
        "received_bytes_per_s": 100,
        "sent_bytes_per_s": 200,
        "read_bytes_per_s": 300,
        "written_bytes_per_s": 400,
        "pids": 6,
    }


def test_after_a_gap_there_are_no_rates() -> None:
    assert set(readings(None, AFTER)) == {"memory_bytes", "memory_limit_bytes", "pids"}


@pytest.mark.parametrize(
    "change",
    [{"main_pid": 43}, {"cpu_us": 5.0}, {"received_bytes": 0}, {"written_bytes": 0}],
    ids=str,
)
def test_another_start_leaves_a_gap_in_every_rate(change: dict[str, float]) -> None:
    assert not RATES & set(readings(BEFORE, replace(AFTER, **change)))  # type: ignore[arg-type]


def test_more_cpu_than_there_is_is_a_gap() -> None:
    assert "cpu_percent" not in readings(BEFORE, replace(AFTER, cpu_us=1e6 + 3e7))


def test_what_cannot_be_read_is_not_zero() -> None:
    assert readings(ContainerCounters(42), ContainerCounters(42)) == {}


def test_rates_of_a_host() -> None:
    found = host_readings(HOST_BEFORE, HOST_AFTER, elapsed_s=10)
    assert found == {
        "load1": 1,
        "load5": 2,
        "load15": 3,
        "cpu_percent": 75,
        "cpu_user_percent": 50,
        "cpu_system_percent": 25,
        "cpu_iowait_percent": 25,
        "cpu_steal_percent": 0,
        "memory_bytes": 700,
        "memory_limit_bytes": 1000,
        "swap_bytes": 7,
        "received_bytes_per_s": 5,
        "sent_bytes_per_s": 10,
    }


def test_a_host_that_started_again_leaves_a_gap() -> None:
    found = host_readings(HOST_AFTER, replace(HOST_BEFORE, received_bytes=60), elapsed_s=10)
    assert set(found) & {"cpu_percent", "sent_bytes_per_s"} == set()


def test_iowait_may_fall() -> None:
    before = replace(HOST_BEFORE, cpu_ticks=(100, 0, 0, 100, 9, 0, 0, 0))
    after = replace(HOST_AFTER, cpu_ticks=(150, 0, 0, 150, 5, 0, 0, 0))
    assert host_readings(before, after, elapsed_s=10)["cpu_percent"] == 100


@pytest.mark.parametrize("elapsed_s", [-3600, -0.01, 0, 0.1, 31, math.inf, math.nan])
def test_clocks_that_jump_and_samples_that_were_missed_are_gaps(elapsed_s: float) -> None:
    assert is_gap(elapsed_s, longest_s=30)
    assert not is_gap(10, longest_s=30)


COUNT = st.one_of(st.none(), st.integers(0, 2**63 - 1), st.integers(0, 10_000))
CONTAINERS = st.builds(
    ContainerCounters,
    main_pid=st.one_of(st.none(), st.integers(1, 3)),
    cpu_us=st.one_of(st.none(), st.floats(0, 1e18)),
    **dict.fromkeys(("memory_bytes", "received_bytes", "sent_bytes", "read_bytes"), COUNT),
)
TICKS = st.one_of(st.just(()), st.tuples(*[st.integers(0, 2**63 - 1)] * 8))
HOSTS = st.builds(
    HostCounters,
    cpus=st.one_of(st.none(), st.integers(0, 64)),
    cpu_ticks=TICKS,
    memory_total_bytes=COUNT,
    memory_available_bytes=COUNT,
    received_bytes=COUNT,
    sent_bytes=COUNT,
)


@given(st.one_of(st.none(), CONTAINERS), CONTAINERS, st.floats(0.2, 1e6), st.integers(1, 64))
def test_any_two_samples(
    before: ContainerCounters | None, after: ContainerCounters, elapsed_s: float, cpus: int
) -> None:
    found = container_readings(before, after, elapsed_s=elapsed_s, cpus=cpus)
    assert all(0 <= value < math.inf for value in found.values())
    assert found.get("cpu_percent", 0) <= 110 * cpus


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=30), st.data())
def test_a_reset_anywhere_never_shows_as_more_than_was_used(
    steps: list[int], data: st.DataObject
) -> None:
    """A counter grows by ``steps`` microseconds a second and starts again at some of them."""
    resets = data.draw(st.sets(st.integers(1, len(steps) - 1)))
    before, total = None, 0
    for number, step in enumerate(steps):
        total = step if number in resets else total + step
        after = ContainerCounters(1, total)
        found = container_readings(before, after, elapsed_s=1, cpus=1)
        assert found.get("cpu_percent", 0) <= step / 10_000 + 1e-9
        before = after


@given(st.one_of(st.none(), HOSTS), HOSTS, st.floats(0.2, 1e6))
def test_any_two_samples_of_a_host(
    before: HostCounters | None, after: HostCounters, elapsed_s: float
) -> None:
    found = host_readings(before, after, elapsed_s=elapsed_s)
    assert all(0 <= value < math.inf for value in found.values())
    assert found.get("cpu_percent", 0) <= 100 * (after.cpus or 0) * (1 + 1e-9)
