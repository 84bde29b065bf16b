"""What is measured of each kind of thing: names, units and in which order history keeps them."""

from __future__ import annotations

from typing import Final, NamedTuple

CPU: Final = "percent of one core"
_USE: Final = {
    "cpu_percent": CPU,
    "memory_bytes": "bytes",
    "memory_limit_bytes": "bytes",
    "received_bytes_per_s": "bytes per second",
    "sent_bytes_per_s": "bytes per second",
    "read_bytes_per_s": "bytes per second",
    "written_bytes_per_s": "bytes per second",
    "pids": "processes",
}
# History is kept in this order: a new metric is added at the end, none is ever taken out.
METRICS: Final[dict[str, dict[str, str]]] = {
    "container": _USE,
    "site": _USE,
    "host": {
        "cpu_percent": CPU,
        "cpu_user_percent": CPU,
        "cpu_system_percent": CPU,
        "cpu_iowait_percent": CPU,
        "cpu_steal_percent": CPU,
        "memory_bytes": "bytes",
        "memory_limit_bytes": "bytes",
        "swap_bytes": "bytes",
        "received_bytes_per_s": "bytes per second",
        "sent_bytes_per_s": "bytes per second",
        "load1": "processes",
        "load5": "processes",
        "load15": "processes",
    },
    "disk": {"used_bytes": "bytes", "total_bytes": "bytes"},
}
SOURCES: Final = ("cgroup", "docker")  # by number, as history keeps them


class SeriesKey(NamedTuple):
    """What a series is about: ``part`` is the key of the container or site, 0 of a host."""

    kind: str
    host: int
    part: int = 0
    mount: str = ""
