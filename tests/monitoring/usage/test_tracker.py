"""A run of samples, whatever happens to the host between them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from monitoring.usage.tracker import DockerTracker, Tracker, Used
from provisioning.drivers.sampler_parse import ContainerCounters, HostCounters, Sample

ID = "4f" * 32
HOST = HostCounters(cpus=2, received_bytes=0, sent_bytes=0)


def sample(uptime_s: float, cpu_us: float, **values: int) -> Sample:
    return Sample(uptime_s, HOST, {ID: ContainerCounters(1, cpu_us, **values)})


def cpu(used: Used) -> float | None:
    return used.containers[ID].get("cpu_percent")


def test_the_first_sample_says_nothing_of_the_time_before() -> None:
    tracker = Tracker()
    assert cpu(tracker.step(sample(1000, 5e6), longest_s=30)) is None
    assert cpu(tracker.step(sample(1010, 6e6), longest_s=30)) == 10


def test_missed_samples_and_a_restarted_host_are_gaps() -> None:
    tracker = Tracker()
    tracker.step(sample(1000, 5e6), longest_s=30)
    assert cpu(tracker.step(sample(1031, 6e6), longest_s=30)) is None
    assert cpu(tracker.step(sample(5, 7e6), longest_s=30)) is None
    assert cpu(tracker.step(sample(15, 8e6), longest_s=30)) == 10


def test_a_container_that_was_away_for_a_sample_has_a_gap() -> None:
    tracker = Tracker()
    tracker.step(sample(1000, 5e6), longest_s=30)
    tracker.step(replace(sample(1010, 0), containers={}), longest_s=30)
    assert cpu(tracker.step(sample(1020, 9e6), longest_s=30)) is None


def test_a_container_whose_cgroup_is_gone_is_not_there() -> None:
    gone = Sample(1.0, HOST, {ID: ContainerCounters()})
    assert Tracker().step(gone, longest_s=30).containers == {}


def test_docker_counts_each_container_by_its_own_time() -> None:
    tracker = DockerTracker()
    assert "cpu_percent" not in tracker.step(ID, 100.0, ContainerCounters(None, 0), longest_s=60)
    found = tracker.step(ID, 140.0, ContainerCounters(None, 4e6), longest_s=60)
    assert found == {"cpu_percent": 10}
    tracker.keep_only(set())
    assert tracker.step(ID, 150.0, ContainerCounters(None, 9e6), longest_s=60) == {}


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["runs", "missed", "host restarts", "container restarts", "clock jumps"]),
        st.floats(0, 1),
    )
)


@given(EVENTS)
def test_no_run_of_events_makes_a_spike(events: list[tuple[str, float]]) -> None:
    """The container uses at most one core; whatever happens, no more than that is ever shown."""
    tracker, uptime_s, cpu_us = Tracker(), 1000.0, 1e9
    for event, load in events:
        if event == "missed":
            uptime_s, cpu_us = uptime_s + 100, cpu_us + 100e6 * load
        elif event == "host restarts":
            uptime_s, cpu_us = 10 * load, 1e6 * load
            tracker = Tracker()  # its channel ended, so there is another one
        elif event == "container restarts":
            cpu_us = 0.0
        elif event == "clock jumps":
            uptime_s -= 5000
        uptime_s, cpu_us = uptime_s + 10, cpu_us + 10e6 * load
        shown = cpu(tracker.step(sample(uptime_s, cpu_us), longest_s=30))
        assert shown is None or 0 <= shown <= 100.001
