"""Folders laid out as a host's /sys/fs/cgroup and /proc are, with cgroup v1 or v2."""

from __future__ import annotations

from pathlib import Path
from typing import Final

DOCKER_ID: Final = "4f" * 32
OTHER_ID: Final = "a0" * 32
_HEAD: Final = "Inter-|   Receive |  Transmit\n face |bytes    packets |bytes    packets\n"
_ZEROES: Final = " 0 0 0 0 0 0 0 {sent} 0 0 0 0 0 0 0"


def net_dev(**traffic: tuple[int, int]) -> str:
    """proc(5), /proc/<pid>/net/dev; names with ``_`` for ``-``."""
    lines = [
        f"{name.replace('_', '-'):>6}:{received}" + _ZEROES.format(sent=sent) + "\n"
        for name, (received, sent) in traffic.items()
    ]
    return _HEAD + "".join(lines)


def write_all(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def host(root: Path, *, uptime_s: float = 1000.0) -> None:
    write_all(
        root,
        {
            "proc/uptime": f"{uptime_s:.2f} 1500.10\n",
            "proc/loadavg": "0.50 0.40 0.30 1/123 4567\n",
            "proc/stat": "cpu  100 10 50 800 20 1 5 3 0 0\ncpu0 50 5 25 400 10 0 2 1 0 0\n"
            "cpu1 50 5 25 400 10 1 3 2 0 0\nintr 12345 0 0\nctxt 99\n",
            "proc/meminfo": "MemTotal:       16000000 kB\nMemFree:         1000000 kB\n"
            "MemAvailable:   12000000 kB\nSwapTotal:       2000000 kB\n"
            "SwapFree:        1500000 kB\nDirty:               100 kB\n",
            "proc/net/dev": net_dev(lo=(9, 9), eth0=(5000, 700), docker0=(1, 1), veth1=(2, 2)),
        },
    )


def container_v2(root: Path, below: str, *, pid: int = 4242) -> None:
    folder = f"sys/fs/cgroup/{below}"
    write_all(
        root,
        {
            "sys/fs/cgroup/cgroup.controllers": "cpu io memory pids\n",
            f"{folder}/cgroup.procs": f"{pid}\n{pid + 1}\n",
            f"{folder}/cpu.stat": "usage_usec 7000000\nuser_usec 5000000\nsystem_usec 2000000\n",
            f"{folder}/memory.current": "104857600\n",
            f"{folder}/memory.max": "max\n",
            f"{folder}/memory.stat": "anon 1\nfile 2\ninactive_anon 3\nactive_anon 4\n"
            "inactive_file 4857600\nactive_file 5\n",
            f"{folder}/io.stat": "8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n"
            "253:0 rbytes=100 wbytes=200 rios=1 wios=2 dbytes=0 dios=0\n",
            f"{folder}/pids.current": "7\n",
            f"proc/{pid}/net/dev": net_dev(lo=(77, 77), eth0=(1252, 630), eth1=(8, 2)),
        },
    )


def container_v1(root: Path, below: str, *, pid: int = 4242) -> None:
    top = "sys/fs/cgroup"
    write_all(
        root,
        {
            f"{top}/memory/{below}/cgroup.procs": f"{pid}\n",
            f"{top}/cpuacct/{below}/cpuacct.usage": "7000000000\n",
            f"{top}/memory/{below}/memory.usage_in_bytes": "104857600\n",
            f"{top}/memory/{below}/memory.limit_in_bytes": "536870912\n",
            f"{top}/memory/{below}/memory.stat": "cache 1\ninactive_file 1\nactive_file 2\n"
            "total_cache 3\ntotal_inactive_file 4857600\n",
            f"{top}/blkio/{below}/blkio.throttle.io_service_bytes": "8:0 Read 4096\n"
            "8:0 Write 8192\n8:0 Sync 12288\n8:0 Total 12288\nTotal 12288\n"
            "253:0 Read 100\n253:0 Write 200\n",
            f"{top}/pids/{below}/pids.current": "7\n",
            f"proc/{pid}/net/dev": net_dev(lo=(77, 77), eth0=(1252, 630), eth1=(8, 2)),
        },
    )
