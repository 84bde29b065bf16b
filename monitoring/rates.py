"""What two samples of counters say about the time between them: rates, or nothing.

A counter that was reset, a container that was started again, a clock that jumped and samples that
were missed leave a gap in the rates; they never make a spike, a negative value or a zero.
"""

from __future__ import annotations

import math
from typing import Final

from provisioning.drivers.sampler_parse import ContainerCounters, HostCounters

Readings = dict[str, float]  # by name of the metric; what is not known is not there

# The host's clock is read in hundredths of a second; a shorter time would be mostly its error.
SHORTEST_S: Final = 0.2
_MOST_BYTES_PER_S: Final = 1e12  # more than any cable or disk carries
_TOLERATED: Final = 1.1  # more CPU than there is: a moment's inexactness of the two clocks

_TRAFFIC: Final = {
    "received_bytes_per_s": "received_bytes",
    "sent_bytes_per_s": "sent_bytes",
    "read_bytes_per_s": "read_bytes",
    "written_bytes_per_s": "written_bytes",
}
_GAUGES: Final = ("memory_bytes", "memory_limit_bytes", "pids")
_LOADS: Final = ("load1", "load5", "load15")
_USER, _NICE, _SYSTEM, _IDLE, _IOWAIT, _STEAL = 0, 1, 2, 3, 4, 7


def is_gap(elapsed_s: float, *, longest_s: float) -> bool:
    """Whether two samples are too far apart, or in the wrong order, to say anything of between."""
    return not SHORTEST_S <= elapsed_s <= longest_s


def container_readings(
    before: ContainerCounters | None, after: ContainerCounters, *, elapsed_s: float, cpus: int
) -> Readings:
    """``before`` is None after a gap. CPU in percent of one core."""
    found = _gauges(after, _GAUGES)
    if before is None or _started_again(before, after):
        return found
    if (cpu_us := _grown(before.cpu_us, after.cpu_us)) is not None:
        percent = cpu_us / elapsed_s / 10_000
        if percent <= 100 * cpus * _TOLERATED:
            found["cpu_percent"] = percent
    return found | _traffic(before, after, elapsed_s)


def host_readings(
    before: HostCounters | None, after: HostCounters, *, elapsed_s: float
) -> Readings:
    found = _gauges(after, _LOADS) | _host_memory(after)
    if before is None or _fell(before.received_bytes, after.received_bytes):
        return found
    if _fell(before.sent_bytes, after.sent_bytes):
        return found
    return found | _host_cpu(before, after) | _traffic(before, after, elapsed_s)


def _gauges(counters: ContainerCounters | HostCounters, names: tuple[str, ...]) -> Readings:
    values = {name: getattr(counters, name) for name in names}
    return {name: float(value) for name, value in values.items() if value is not None}


def _started_again(before: ContainerCounters, after: ContainerCounters) -> bool:
    if before.main_pid != after.main_pid:
        return True
    names = ("cpu_us", *_TRAFFIC.values())
    return any(_fell(getattr(before, name), getattr(after, name)) for name in names)


def _fell(before: float | None, after: float | None) -> bool:
    return before is not None and after is not None and after < before


def _grown(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _traffic(
    before: ContainerCounters | HostCounters,
    after: ContainerCounters | HostCounters,
    elapsed_s: float,
) -> Readings:
    found = {}
    for rate, counter in _TRAFFIC.items():
        grown = _grown(getattr(before, counter, None), getattr(after, counter, None))
        if grown is not None and grown / elapsed_s <= _MOST_BYTES_PER_S:
            found[rate] = grown / elapsed_s
    return found


def _host_memory(host: HostCounters) -> Readings:
    found = {}
    if host.memory_total_bytes and host.memory_available_bytes is not None:
        found["memory_limit_bytes"] = float(host.memory_total_bytes)
        found["memory_bytes"] = float(max(0, host.memory_total_bytes - host.memory_available_bytes))
    if host.swap_total_bytes is not None and host.swap_free_bytes is not None:
        found["swap_bytes"] = float(max(0, host.swap_total_bytes - host.swap_free_bytes))
    return found


def _host_cpu(before: HostCounters, after: HostCounters) -> Readings:
    """By the kernel's own ticks, so no clock plays a part. iowait may fall (proc(5))."""
    if not after.cpus or after.cpus != before.cpus:
        return {}
    grown = [new - old for old, new in zip(before.cpu_ticks, after.cpu_ticks, strict=False)]
    if len(grown) < 8 or any(ticks < 0 for kind, ticks in enumerate(grown) if kind != _IOWAIT):
        return {}
    grown[_IOWAIT] = max(0, grown[_IOWAIT])
    if not (all_ticks := math.fsum(grown)):
        return {}
    share = 100.0 * after.cpus / all_ticks
    return {
        "cpu_percent": max(0.0, all_ticks - grown[_IDLE] - grown[_IOWAIT]) * share,
        "cpu_user_percent": (grown[_USER] + grown[_NICE]) * share,
        "cpu_system_percent": grown[_SYSTEM] * share,
        "cpu_iowait_percent": grown[_IOWAIT] * share,
        "cpu_steal_percent": grown[_STEAL] * share,
    }
