"""Which charts each kind of thing has, and the lines in them. Names and order as people read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Line:
    """``colour`` is a number of the style sheet's tokens. A ``limit`` is no use of anything: it is
    drawn where there is room for it."""

    metric: str
    label: str
    colour: int = 1
    limit: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """``unit``: percent, bytes, rate (bytes a second) or count."""

    key: str
    title: str
    about: str
    unit: str
    lines: tuple[Line, ...]


_MEMORY: Final = Line("memory_limit_bytes", "Limit", 4, limit=True)
_NETWORK: Final = Chart(
    "network",
    "Network",
    "bytes a second",
    "rate",
    (Line("received_bytes_per_s", "Received"), Line("sent_bytes_per_s", "Sent", 2)),
)
_OF_CONTAINERS: Final = (
    Chart("cpu", "CPU", "of one core", "percent", (Line("cpu_percent", "CPU"),)),
    Chart("memory", "Memory", "", "bytes", (Line("memory_bytes", "Used"), _MEMORY)),
    _NETWORK,
    Chart(
        "blocks",
        "Block I/O",
        "bytes a second",
        "rate",
        (Line("read_bytes_per_s", "Read"), Line("written_bytes_per_s", "Written", 2)),
    ),
    Chart("pids", "Processes", "and threads", "count", (Line("pids", "Processes"),)),
)
_OF_HOSTS: Final = (
    Chart(
        "cpu",
        "CPU",
        "of one core",
        "percent",
        (
            Line("cpu_percent", "All"),
            Line("cpu_iowait_percent", "Waiting for disks", 3),
            Line("cpu_steal_percent", "Stolen by other machines", 2),
        ),
    ),
    Chart(
        "memory",
        "Memory",
        "",
        "bytes",
        (
            Line("memory_bytes", "Used"),
            Line("swap_bytes", "Swapped out", 3),
            Line("memory_limit_bytes", "Total", 4, limit=True),
        ),
    ),
    _NETWORK,
    Chart(
        "load",
        "Load",
        "processes that run or wait",
        "count",
        (
            Line("load1", "1 min"),
            Line("load5", "5 min", 2),
            Line("load15", "15 min", 3),
        ),
    ),
)
CHARTS: Final = {
    "container": _OF_CONTAINERS,
    "site": _OF_CONTAINERS,
    "host": _OF_HOSTS,
    "system": _OF_HOSTS,
}
COLOURS: Final = 4


def of_disks(mounts: list[str]) -> Chart:
    """How full each is; its metrics are named by the mounts."""
    lines = [Line(mount, mount, 1 + place % COLOURS) for place, mount in enumerate(mounts)]
    return Chart("disks", "Disks", "how full", "percent", tuple(lines))
