"""What it costs a host to be asked what it uses: our program against ``docker stats``.

All that the host itself runs (sshd, dockerd, containerd, the shims, what they start) is moved into
a cgroup of its own, whose CPU the kernel counts exactly; what the containers use is not in it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from provisioning.drivers.sampler import Sampler
from provisioning.drivers.ssh import SshHost
from tests.benchmarks.figures import Figure, median
from tests.lab import Host, Lab
from tests.lab.images import BUSYBOX
from tests.provisioning.drivers.agreement import both, run_load
from tests.provisioning.drivers.lab_targets import opened

CONTAINERS: Final = 100
PAIRS: Final = 7
SAMPLES: Final = 20  # of ours in each pair: one alone is too short to be told from the rest
STREAMED_S: Final = 8
ENGINE: Final = "-"  # no database plays a part
DOCKER: Final = ("docker", "stats", "--no-stream")


def figures(lab: Lab, *, count: int = CONTAINERS) -> list[Figure]:
    host = lab.web1
    with containers(host, count), opened(host) as driver, counted(host) as cpu_s:
        sampler = Sampler(driver, timeout_s=20)
        sample = sampler.sample(look=True)
        assert sample is not None
        ids = set(host.docker("ps", "--quiet", "--no-trunc").split())
        assert ids <= sample.containers.keys()
        found = [
            *_cost(driver, sampler, cpu_s, len(ids), seen=len(sample.containers)),
            *_streamed(driver, sampler, cpu_s),
        ]
        sampler.close()
    return [*found, *_agreement(host)]


@contextmanager
def containers(host: Host, count: int) -> Iterator[None]:
    def run(number: int) -> None:
        name = f"bench-{number}"
        host.docker("run", "--detach", "--name", name, BUSYBOX, "sleep", "100000")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(count)))
    try:
        yield
    finally:
        names = [f"bench-{number}" for number in range(count)]
        host.docker("rm", "--force", *names, timeout_s=600)


@contextmanager
def counted(host: Host) -> Iterator[Callable[[], float]]:
    """Seconds of CPU that the host itself has used so far."""
    top = Path("/sys/fs/cgroup/cpuacct")
    group = top / f"siteflow-bench-{os.getpid()}"
    group.mkdir()
    inside = {process.pid for process in host.processes() if _is_the_hosts(process.pid)}
    for pid in inside:
        (group / "cgroup.procs").write_text(str(pid))
    try:
        yield lambda: int((group / "cpuacct.usage").read_text()) / 1e9
    finally:
        for left in (group / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError):
                (top / "cgroup.procs").write_text(left)
        with suppress(OSError):
            group.rmdir()


def _is_the_hosts(pid: int) -> bool:
    """Whether it is in no container's cgroup."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            if ":cpuacct:" in line or ",cpuacct" in line:
                return len(line.rpartition("/")[2]) != 64
    return False


def _cost(
    driver: SshHost, sampler: Sampler, cpu_s: Callable[[], float], count: int, *, seen: int
) -> list[Figure]:
    theirs, ours = [], []
    for _ in range(PAIRS):
        idle = _idle(cpu_s)
        theirs.append(_measured(lambda: driver.run(DOCKER, timeout_s=120), cpu_s, idle, 1))
        ours.append(_measured(sampler.sample, cpu_s, idle, SAMPLES))
    for name, rows in (("docker stats --no-stream", theirs), ("sampler", ours)):
        cpu_ms, wall_ms = (median([row[part] for row in rows]) for part in (0, 1))
        print(f"{name}: {cpu_ms:.1f} ms CPU, {wall_ms:.1f} ms wall a refresh", file=sys.stderr)
    cpu = [our[0] / their[0] for our, their in zip(ours, theirs, strict=True)]
    wall = [our[1] / their[1] for our, their in zip(ours, theirs, strict=True)]
    against = f"docker stats --no-stream, {count} containers ({seen} read), {PAIRS} pairs"
    each = median([row[0] for row in ours]) / seen
    return [
        Figure("sampler, host CPU a refresh", ENGINE, median(cpu), "x", against, 1 / 25),
        Figure("sampler, wall time of a refresh", ENGINE, median(wall), "x", against, 1 / 20),
        Figure("sampler, host CPU a container and refresh", ENGINE, each, "ms", against),
    ]


def _idle(cpu_s: Callable[[], float], *, for_s: float = 1.0) -> float:
    """Seconds of CPU a second that the host uses anyway."""
    before = cpu_s()
    time.sleep(for_s)  # the time that is measured
    return (cpu_s() - before) / for_s


def _measured(
    work: Callable[[], object], cpu_s: Callable[[], float], idle: float, times: int
) -> tuple[float, float]:
    """Milliseconds of CPU beyond what is used anyway, and of wall time, once each."""
    before, began = cpu_s(), time.monotonic()
    for _ in range(times):
        work()
    took_s = time.monotonic() - began
    used_s = max(0.0, cpu_s() - before - idle * took_s)
    return used_s * 1000 / times, took_s * 1000 / times


def _streamed(driver: SshHost, sampler: Sampler, cpu_s: Callable[[], float]) -> list[Figure]:
    """``docker stats`` as it goes on, which refreshes every second, against a sample a second."""
    idle = _idle(cpu_s)
    argv = ("timeout", str(STREAMED_S), "docker", "stats", "--format", "{{.ID}}")
    theirs_ms, _ = _measured(
        lambda: driver.run(argv, timeout_s=60, max_bytes=50_000_000), cpu_s, idle, 1
    )
    ours_ms, _ = _measured(sampler.sample, cpu_s, idle, STREAMED_S)
    ratio = ours_ms / (theirs_ms / STREAMED_S)
    against = f"docker stats streaming for {STREAMED_S} s"
    return [Figure("sampler each second, host CPU", ENGINE, ratio, "x", against)]


def _agreement(host: Host) -> list[Figure]:
    docker_id = run_load(host)
    try:
        with opened(host) as driver:
            sampler = Sampler(driver, timeout_s=20)
            ours, theirs = both(driver, sampler, docker_id, for_s=10)
            sampler.close()
    finally:
        host.docker("rm", "--force", docker_id)
    cpu = abs(ours.cpu_percent / theirs.cpu_percent - 1) * 100
    memory = abs(ours.memory_bytes / theirs.memory_bytes - 1) * 100
    against = f"docker's stats over the same 10 s: {theirs.cpu_percent:.2f} % of a core"
    return [
        Figure("sampler, CPU differs by", ENGINE, cpu, "%", against, 2),
        Figure("sampler, memory differs by", ENGINE, memory, "%", against, 1),
    ]
