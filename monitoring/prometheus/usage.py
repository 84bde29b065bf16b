"""What is used, of those things whose last minute was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client.core import Metric

from monitoring.history.latest import Readings
from monitoring.prometheus.families import Labels, Sample, gauge

# Our name of a metric → its name there, what its unit is divided by, and what it is.
_OF_ALL: Final = {
    "cpu_percent": ("cpu_cores", 100, "CPU in use, in cores"),
    "memory_bytes": ("memory_bytes", 1, "Memory in use"),
    "memory_limit_bytes": ("memory_limit_bytes", 1, "Memory there is, or may be used"),
    "received_bytes_per_s": ("received_bytes_per_second", 1, "Received from the network"),
    "sent_bytes_per_s": ("sent_bytes_per_second", 1, "Sent to the network"),
}
_OF_DISK: Final = {
    "used_bytes": ("used_bytes", 1, "In use on a disk of a host"),
    "total_bytes": ("total_bytes", 1, "Size of a disk of a host"),
}
_OF_PART: Final = {
    **_OF_ALL,
    "read_bytes_per_s": ("read_bytes_per_second", 1, "Read from disks"),
    "written_bytes_per_s": ("written_bytes_per_second", 1, "Written to disks"),
    "pids": ("processes", 1, "Processes"),
}
_METRICS: Final = {
    "host": {
        **_OF_ALL,
        "swap_bytes": ("swap_bytes", 1, "Swap in use"),
        "load1": ("load1", 1, "Load of the last minute"),
        "load5": ("load5", 1, "Load of the last five minutes"),
        "load15": ("load15", 1, "Load of the last fifteen minutes"),
    },
    "site": _OF_PART,
    "container": _OF_PART,
}
Named = list[tuple[int, Labels]]


def usage(kind: str, things: Named, readings: Readings) -> Iterator[Metric]:
    """Averages of the last minute that was measured, and when it ended."""
    for name, (told, divisor, what) in _METRICS[kind].items():
        text = f"{what} by a {kind}, average of the last measured minute"
        yield from gauge(f"{kind}_{told}", text, _values(kind, things, readings, name, divisor))
    text = f"When the minute ended that the readings of a {kind} are of"
    yield from gauge(f"{kind}_measured_timestamp_seconds", text, _until(kind, things, readings))


def _values(
    kind: str, things: Named, readings: Readings, name: str, divisor: int
) -> Iterator[Sample]:
    for key, labels in things:
        found = readings.get((kind, key, ""))
        if found is not None and name in found.values:
            yield labels, found.values[name] / divisor


def _until(kind: str, things: Named, readings: Readings) -> Iterator[Sample]:
    for key, labels in things:
        if found := readings.get((kind, key, "")):
            yield labels, found.until.timestamp()


def disks(hosts: dict[int, Labels], readings: Readings) -> Iterator[Metric]:
    found = [
        ({**hosts[key], "mount": mount}, reading.values)
        for (kind, key, mount), reading in readings.items()
        if kind == "disk" and key in hosts
    ]
    for name, (told, _, what) in _OF_DISK.items():
        samples: Iterable[Sample] = (
            (labels, values[name]) for labels, values in found if name in values
        )
        yield from gauge(f"host_disk_{told}", what, samples)
