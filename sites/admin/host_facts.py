"""A host's facts in the order of its page: a label, a value and how to write the value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_OF_DOCKER = (
    ("Docker Engine", "docker_version", "text"),
    ("API", "docker_api_version", "text"),
    ("Compose", "compose_version", "text"),
    ("Storage driver", "docker_driver", "text"),
    ("Data folder", "docker_root", "text"),
    ("Containers", "containers", "text"),
    ("Images", "images", "text"),
    ("Images’ layers", "docker_images_bytes", "size"),
    ("Volumes", "docker_volumes_bytes", "size"),
    ("Build cache", "docker_build_cache_bytes", "size"),
)
_OF_MACHINE = (
    ("Host name", "hostname", "text"),
    ("System", "os_name", "text"),
    ("Kernel", "kernel", "text"),
    ("Architecture", "architecture", "text"),
    ("CPUs", "cpus", "text"),
    ("Load, 1 5 15 min", "load", "text"),
    ("Up for", "uptime_s", "seconds"),
    ("Clock is off by", "clock_skew_ms", "ms"),
)


@dataclass(frozen=True)
class Fact:
    label: str
    value: Any
    form: str


@dataclass(frozen=True)
class Gauge:
    """How full something is. Sizes in bytes."""

    label: str
    used: int
    total: int

    @property
    def percent(self) -> int:
        return round(100 * self.used / self.total) if self.total else 0

    @property
    def state(self) -> str:
        return "failed" if self.percent >= 95 else "running"


def machine(facts: dict[str, Any]) -> list[Fact]:
    loads = [facts.get(name) for name in ("load1", "load5", "load15")]
    load = " · ".join(f"{value:.2f}" for value in loads if isinstance(value, int | float))
    return _known({**facts, "load": load}, _OF_MACHINE)


def docker(facts: dict[str, Any]) -> list[Fact]:
    return _known(facts, _OF_DOCKER)


def gauges(facts: dict[str, Any]) -> list[Gauge]:
    """Memory, swap and each file system, as far as they are known."""
    found = [
        _gauge("Memory", facts.get("memory_available_bytes"), facts.get("memory_total_bytes")),
        _gauge("Swap", facts.get("swap_free_bytes"), facts.get("swap_total_bytes")),
    ]
    for disk in facts.get("disks") or ():
        # As df counts: what is reserved for root is neither used nor free.
        usable = disk["used_bytes"] + disk["available_bytes"]
        found.append(_gauge(disk["mount"], disk["available_bytes"], usable))
    return [gauge for gauge in found if gauge is not None]


def _gauge(label: str, free: int | None, total: int | None) -> Gauge | None:
    return Gauge(label, max(0, total - free), total) if total and free is not None else None


def _known(facts: dict[str, Any], wanted: tuple[tuple[str, str, str], ...]) -> list[Fact]:
    found = (Fact(label, facts.get(name), form) for label, name, form in wanted)
    return [fact for fact in found if fact.value not in (None, "")]
