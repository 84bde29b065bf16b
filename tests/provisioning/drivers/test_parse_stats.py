"""Docker's stats as counters, in the form of the Engine API 1.41 with either version of cgroups."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.drivers.parse_stats import counters, read_at_s
from provisioning.drivers.sampler_parse import ContainerCounters

STATS: dict[str, Any] = {
    "read": "2026-11-28T10:00:00.123456789Z",
    "pids_stats": {"current": 2},
    "networks": {"eth0": {"rx_bytes": 1252, "tx_bytes": 3}, "eth1": {"rx_bytes": 8, "tx_bytes": 4}},
    "memory_stats": {"usage": 1000, "limit": 5000, "stats": {"total_inactive_file": 100}},
    "blkio_stats": {
        "io_service_bytes_recursive": [
            {"major": 8, "minor": 0, "op": "Read", "value": 4096},
            {"major": 8, "minor": 0, "op": "Write", "value": 1},
            {"major": 8, "minor": 0, "op": "Total", "value": 4097},
        ]
    },
    "cpu_stats": {"cpu_usage": {"total_usage": 7_000_000}, "online_cpus": 2},
}
READ = ContainerCounters(None, 7000, 900, 5000, 1260, 7, 4096, 1, 2)


def test_cgroup_v1() -> None:
    assert counters(STATS) == READ


def test_cgroup_v2() -> None:
    blocks = [{"op": "read", "value": 4096}, {"op": "write", "value": 1}]
    memory = {"usage": 1000, "limit": 5000, "stats": {"inactive_file": 100}}
    changed = {"memory_stats": memory, "blkio_stats": {"io_service_bytes_recursive": blocks}}
    assert counters(STATS | changed) == READ


def test_the_time_is_the_hosts() -> None:
    assert read_at_s(STATS) == pytest.approx(1_795_860_000.123456)


def test_who_does_not_run_uses_nothing_known() -> None:
    stopped = {"read": "0001-01-01T00:00:00Z", "memory_stats": {}, "blkio_stats": {}}
    assert (read_at_s(stopped), counters(stopped)) == (None, ContainerCounters())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*STATS, "stats"]), inner),
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(STATS)), JSON))
def test_anything_else(changes: dict[str, Any]) -> None:
    stats = json.loads(json.dumps(STATS)) | changes
    read_at_s(stats)
    assert isinstance(counters(stats), ContainerCounters)
