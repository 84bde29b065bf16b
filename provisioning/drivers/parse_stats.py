"""One container's ``GET /containers/{id}/stats`` (Docker Engine API 1.41), read defensively."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from provisioning.drivers.sampler_parse import ContainerCounters

_MOST: Final = 2**63 - 1
# What Docker writes instead of a time, of a container that does not run.
_NEVER: Final = "0001-"
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,6})?\d*(Z|[+-]\d\d:\d\d)")


def read_at_s(stats: Mapping[str, Any]) -> float | None:
    """When the Engine read it, by the host's clock, in seconds of the epoch."""
    text = stats.get("read")
    found = _TIME.fullmatch(text) if isinstance(text, str) and len(text) < 50 else None
    if found is None or found[0].startswith(_NEVER):
        return None
    try:
        return datetime.fromisoformat(f"{found[1]}{found[2] or ''}{found[3]}").timestamp()
    except (ValueError, OverflowError):
        return None


def counters(stats: Mapping[str, Any]) -> ContainerCounters:
    """As the sampler counts. Docker names no process, so a new start shows by its counters only."""
    memory, cpu_ns = _inner(stats, "memory_stats"), _cpu_ns(stats)
    details, usage = _inner(memory, "stats"), _count(memory.get("usage"))
    # cgroup v1 and v2 call it by different names; docker's own command takes them in this order.
    inactive = _count(details.get("total_inactive_file", details.get("inactive_file")))
    return ContainerCounters(
        cpu_us=None if cpu_ns is None else cpu_ns / 1000,
        memory_bytes=None if usage is None else max(0, usage - (inactive or 0)),
        memory_limit_bytes=_count(memory.get("limit")),
        received_bytes=_interfaces(stats, "rx_bytes"),
        sent_bytes=_interfaces(stats, "tx_bytes"),
        read_bytes=_blocks(stats, "read"),
        written_bytes=_blocks(stats, "write"),
        pids=_count(_inner(stats, "pids_stats").get("current")),
    )


def _cpu_ns(stats: Mapping[str, Any]) -> int | None:
    return _count(_inner(_inner(stats, "cpu_stats"), "cpu_usage").get("total_usage"))


def _interfaces(stats: Mapping[str, Any], name: str) -> int | None:
    rows = [row for row in _inner(stats, "networks").values() if isinstance(row, dict)]
    return _sum([_count(row.get(name)) for row in rows])


def _blocks(stats: Mapping[str, Any], kind: str) -> int | None:
    rows = _inner(stats, "blkio_stats").get("io_service_bytes_recursive")
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return _sum([_count(row.get("value")) for row in found if _kind(row) == kind])


def _kind(row: Mapping[str, Any]) -> str:
    """``Read`` with cgroup v1, ``read`` with v2."""
    return str(row.get("op")).lower()


def _sum(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return min(sum(known), _MOST) if known else None


def _inner(value: object, key: str) -> dict[str, Any]:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, dict) else {}


def _count(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _MOST else None
