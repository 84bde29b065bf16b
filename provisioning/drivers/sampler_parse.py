"""What sampler_script.py prints, as values. Any bytes may come; what cannot be read is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

MAX_LINE_BYTES: Final = 400
MAX_CONTAINERS: Final = 5000
_MOST: Final = 2**63 - 1
_ID: Final = re.compile(r"[0-9a-f]{64}")
_DECIMAL: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class ContainerCounters:
    """One container at one moment; None for what could not be read.

    CPU time in microseconds, sizes in bytes. Memory is the working set (usage without
    inactive_file, as ``docker stats`` counts it); the limit is at most the host's memory.
    """

    main_pid: int | None = None
    cpu_us: float | None = None
    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None
    received_bytes: int | None = None
    sent_bytes: int | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None
    pids: int | None = None


@dataclass(frozen=True, slots=True)
class HostCounters:
    """The host at one moment (proc(5)). CPU in clock ticks since boot, of all CPUs together."""

    load1: float | None = None
    load5: float | None = None
    load15: float | None = None
    cpus: int | None = None
    cpu_ticks: tuple[int, ...] = ()  # user nice system idle iowait irq softirq steal
    memory_total_bytes: int | None = None
    memory_available_bytes: int | None = None
    swap_total_bytes: int | None = None
    swap_free_bytes: int | None = None
    received_bytes: int | None = None
    sent_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer of the sampler. ``uptime_s`` is the host's own clock, which nobody sets."""

    uptime_s: float
    host: HostCounters
    containers: dict[str, ContainerCounters]


@dataclass(slots=True)
class _Block:
    version: int = 1
    uptime_s: float | None = None
    host: dict[str, object] = field(default_factory=dict)
    containers: dict[str, ContainerCounters] = field(default_factory=dict)


class SampleReader:
    """Feed it bytes as they come; it gives each sample once, None for one that failed.

    A block without its end gives nothing.
    """

    def __init__(self) -> None:
        self._begun = b""
        self._skipping = False  # the rest of a line that is too long
        self._block = _Block()

    def feed(self, data: bytes) -> Iterator[Sample | None]:
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            if self._skipping or len(line) > MAX_LINE_BYTES:
                self._skipping = False
            else:
                yield from self._line(line.decode("ascii", "replace"))
        if len(self._begun) > MAX_LINE_BYTES:
            self._skipping, self._begun = True, b""

    def _line(self, line: str) -> Iterator[Sample | None]:
        kind, *words = line.split(" ")
        if kind == "t" and len(words) == 2:
            self._block = _Block(2 if words[0] == "2" else 1, _decimal(words[1]))
        elif kind == "c" and len(words) == 11 and _ID.fullmatch(words[0]):
            if len(self._block.containers) < MAX_CONTAINERS:
                self._block.containers[words[0]] = self._container(words[1:])
        elif kind in _HOST_LINES:
            self._block.host |= _HOST_LINES[kind](words)
        elif kind == ".":
            yield self._end(words)

    def _container(self, words: list[str]) -> ContainerCounters:
        pid, cpu, usage, inactive, limit, *rest = (_count(word) for word in words)
        return ContainerCounters(
            pid or None,
            _microseconds(cpu, self._block.version),
            _working_set(usage, inactive),
            _limit(limit, self._block.host.get("memory_total_bytes")),
            *rest,
        )

    def _end(self, words: list[str]) -> Sample | None:
        block, self._block = self._block, _Block()
        if words != ["0"] or block.uptime_s is None:
            return None
        return Sample(block.uptime_s, HostCounters(**block.host), block.containers)  # type: ignore[arg-type]


def _count(word: str) -> int | None:
    if word == "max":
        return _MOST
    if not (word.isascii() and word.isdigit() and len(word) <= 20):
        return None
    return min(int(word), _MOST)


def _decimal(word: str) -> float | None:
    return float(word) if _DECIMAL.fullmatch(word) else None


def _microseconds(cpu: int | None, version: int) -> float | None:
    return None if cpu is None else cpu / (1 if version == 2 else 1000)


def _working_set(usage: int | None, inactive: int | None) -> int | None:
    return None if usage is None else max(0, usage - (inactive or 0))


def _limit(limit: int | None, total: object) -> int | None:
    """No limit is written as a number larger than any memory."""
    if limit is None or not isinstance(total, int):
        return limit
    return min(limit, total) if total else limit


def _load(words: list[str]) -> dict[str, object]:
    values = [_decimal(word) for word in words]
    return dict(zip(("load1", "load5", "load15"), values, strict=False)) if len(words) == 3 else {}


def _ticks(words: list[str]) -> dict[str, object]:
    values = [_count(word) for word in words]
    if len(values) != 9 or None in values:
        return {}
    return {"cpus": values[0] or None, "cpu_ticks": tuple(values[1:])}


def _memory(words: list[str]) -> dict[str, object]:
    names = ("memory_total_bytes", "memory_available_bytes", "swap_total_bytes", "swap_free_bytes")
    values = [_count(word) for word in words]
    if len(values) != len(names):
        return {}
    sizes = [None if value is None else min(value * 1024, _MOST) for value in values]
    return dict(zip(names, sizes, strict=True))


def _network(words: list[str]) -> dict[str, object]:
    values = [_count(word) for word in words]
    if len(values) != 2:
        return {}
    return {"received_bytes": values[0], "sent_bytes": values[1]}


_HOST_LINES: Final = {"l": _load, "p": _ticks, "m": _memory, "n": _network}
