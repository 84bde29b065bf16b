"""What a host is: read with a handful of commands that BusyBox has, too, and from Docker."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from provisioning.drivers.compose_version import find_compose
from provisioning.drivers.disks import Disk, df_argv, parse_disks
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver, Result
from provisioning.drivers.hostile import printable

UNAME_ARGV: Final = ("uname", "-snrm")
# Told apart by their form, so one command reads them all; a missing one is left out.
FILES_ARGV: Final = (
    "cat",
    "/proc/meminfo",
    "/proc/loadavg",
    "/proc/uptime",
    "/sys/devices/system/cpu/online",
    "/etc/os-release",
)
DATE_ARGV: Final = ("date", "-u", "+%s.%N")

_DF_TIMEOUT_S = 10.0
_MAX_BYTES = 2**63 - 1
_MEMORY = re.compile(r"(\w+):\s+(\d{1,15}) kB")
_LOAD = re.compile(r"(\d{1,6}\.\d+) (\d{1,6}\.\d+) (\d{1,6}\.\d+) \d+/\d+ \d+")
_UPTIME = re.compile(r"(\d{1,12})\.\d+ \d+\.\d+")
_CPUS = re.compile(r"\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*")
_RELEASE = re.compile(r"(NAME|VERSION_ID|PRETTY_NAME)=(.*)")
_CLOCK = re.compile(r"(\d{9,11})\.?(\d{9})?.*")


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What could not be learned is None or "". Sizes in bytes, skew positive if the host is ahead.

    Memory is /proc/meminfo's (proc(5)); ``clock_skew_ms`` is good to half a round trip, or to half
    a second where ``date`` knows no nanoseconds.
    """

    hostname: str = ""
    os_name: str = ""
    os_version: str = ""
    kernel: str = ""
    architecture: str = ""
    cpus: int | None = None
    memory_total_bytes: int | None = None
    memory_available_bytes: int | None = None
    swap_total_bytes: int | None = None
    swap_free_bytes: int | None = None
    load1: float | None = None
    load5: float | None = None
    load15: float | None = None
    uptime_s: int | None = None
    clock_skew_ms: int | None = None
    disks: tuple[Disk, ...] = ()
    docker_version: str = ""
    docker_api_version: str = ""
    docker_root: str = ""
    docker_driver: str = ""
    containers: int | None = None
    containers_running: int | None = None
    images: int | None = None
    compose_version: str = ""
    docker_images_bytes: int | None = None
    docker_containers_bytes: int | None = None
    docker_volumes_bytes: int | None = None
    docker_build_cache_bytes: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return asdict(self)


def read_facts(host: HostDriver, *, disk_usage: bool = True) -> HostFacts:
    """Ask the host. A missing Docker or a hanging ``df`` leaves holes; a dead host raises.

    ``disk_usage`` walks Docker's disk, which can take long on hosts with many layers.
    """
    found: dict[str, Any] = {}
    found |= parse_uname(host.run(UNAME_ARGV).stdout)
    found |= parse_files(host.run(FILES_ARGV).stdout)
    found["clock_skew_ms"] = clock_skew_ms(host)
    found["disks"] = _or({}, lambda: {"disks": _disks(host)}).get("disks", ())
    found |= _or({}, lambda: parse_docker(host.docker.version(), host.docker.info()))
    if found.get("docker_version"):
        found["compose_version"] = _compose(host)
        if disk_usage:
            found |= _or({}, lambda: parse_disk_usage(host.docker.disk_usage()))
    return HostFacts(**found)


def clock_skew_ms(host: HostDriver) -> int | None:
    """How far the host's clock is ahead; None where its ``date`` says nothing that can be read."""
    return parse_clock(host.run(DATE_ARGV), now_s=time.time())


def _or(default: dict[str, Any], read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A part of the facts; a part that cannot be had is left out, a lost host is an error."""
    try:
        return read()
    except DriverError as error:
        if error.code in {"link_lost", "unreachable", "refused"}:
            raise
        return default


def _disks(host: HostDriver) -> tuple[Disk, ...]:
    # A dead network mount makes df hang.
    return parse_disks(host.run(df_argv(), timeout_s=_DF_TIMEOUT_S).stdout)


def _compose(host: HostDriver) -> str:
    found = find_compose(host)
    return found.version if found is not None else ""


def parse_uname(text: str) -> dict[str, Any]:
    """``Linux web1 6.1.0-18-amd64 x86_64``."""
    words = printable(text, limit=400).split(" ")
    if len(words) != 4:
        return {}
    return {"hostname": words[1], "kernel": words[2], "architecture": words[3]}


def parse_files(text: str) -> dict[str, Any]:
    """The files of FILES_ARGV one after the other."""
    found: dict[str, Any] = {}
    for line in text.splitlines():
        for parse in (_memory, _load, _uptime, _cpus, _release):
            found |= parse(line.strip())
    found["os_name"] = found.pop("pretty", "") or found.get("os_name", "")
    return found


def _memory(line: str) -> dict[str, Any]:
    names = {
        "MemTotal": "memory_total_bytes",
        "MemAvailable": "memory_available_bytes",
        "SwapTotal": "swap_total_bytes",
        "SwapFree": "swap_free_bytes",
    }
    found = _MEMORY.fullmatch(line)
    if found is None or found[1] not in names:
        return {}
    return {names[found[1]]: min(int(found[2]) * 1024, _MAX_BYTES)}


def _load(line: str) -> dict[str, Any]:
    found = _LOAD.fullmatch(line)
    if found is None:
        return {}
    return {"load1": float(found[1]), "load5": float(found[2]), "load15": float(found[3])}


def _uptime(line: str) -> dict[str, Any]:
    found = _UPTIME.fullmatch(line)
    return {} if found is None else {"uptime_s": int(found[1])}


def _cpus(line: str) -> dict[str, Any]:
    """``0-3,6``, the list format of cpuset(7)."""
    if len(line) > 1000 or not _CPUS.fullmatch(line):
        return {}
    count = 0
    for part in line.split(","):
        first, _, last = part.partition("-")
        count += max(0, int(last or first) - int(first) + 1)
    return {"cpus": count}


def _release(line: str) -> dict[str, Any]:
    names = {"NAME": "os_name", "VERSION_ID": "os_version", "PRETTY_NAME": "pretty"}
    found = _RELEASE.fullmatch(line)
    return {} if found is None else {names[found[1]]: printable(found[2].strip("\"'"), limit=100)}


def parse_clock(result: Result, *, now_s: float) -> int | None:
    """Milliseconds the host's clock is ahead; ``now_s`` is our clock right after the command."""
    found = _CLOCK.match(result.stdout.strip())
    if found is None:
        return None
    host_s = int(found[1]) + (int(found[2]) / 1e9 if found[2] else 0.5)
    return round((host_s - (now_s - result.duration_ms / 2000)) * 1000)


def parse_docker(version: Mapping[str, Any], info: Mapping[str, Any]) -> dict[str, Any]:
    """``/version`` and ``/info`` of the Engine API."""
    return {
        "docker_version": _text(version.get("Version")),
        "docker_api_version": _text(version.get("ApiVersion")),
        "docker_root": _text(info.get("DockerRootDir")),
        "docker_driver": _text(info.get("Driver")),
        "containers": _count(info.get("Containers")),
        "containers_running": _count(info.get("ContainersRunning")),
        "images": _count(info.get("Images")),
    }


def parse_disk_usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    """``/system/df`` of the Engine API 1.41; layers shared by images count once."""
    return {
        "docker_images_bytes": _count(usage.get("LayersSize")),
        "docker_containers_bytes": _sum(usage.get("Containers"), "SizeRw"),
        "docker_volumes_bytes": _sum(
            [_inner(volume, "UsageData") for volume in _list(usage.get("Volumes"))], "Size"
        ),
        "docker_build_cache_bytes": _sum(usage.get("BuildCache"), "Size"),
    }


def _sum(rows: object, key: str) -> int:
    """Sizes that Docker does not know are -1 or missing."""
    total = sum(_count(_inner(row, key)) or 0 for row in _list(rows))
    return min(total, _MAX_BYTES)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _inner(row: object, key: str) -> object:
    return row.get(key) if isinstance(row, dict) else None


def _text(value: object) -> str:
    return printable(value, limit=255) if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _MAX_BYTES else None
