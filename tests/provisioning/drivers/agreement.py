"""The same container as the sampler and as Docker's stats see it, over the same time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from provisioning.drivers.parse_stats import counters, read_at_s
from provisioning.drivers.sampler import Sampler
from provisioning.drivers.sampler_parse import ContainerCounters, Sample
from provisioning.drivers.ssh import SshHost
from tests.lab.command import wait_until
from tests.lab.host import Host
from tests.lab.images import BUSYBOX

# Half a core, by a limit, and 40 MB that stay.
_LOAD = "head -c 40000000 /dev/zero >/dev/shm/filled; echo filled; while :; do :; done"


@dataclass(frozen=True)
class Seen:
    cpu_percent: float
    memory_bytes: int


def run_load(host: Host) -> str:
    """The id of a container with a known load; the caller removes it."""
    limits = ("--cpus", "0.5", "--memory", "128m", "--shm-size", "64m")
    docker_id = host.docker("run", "--detach", *limits, BUSYBOX, "sh", "-c", _LOAD).strip()
    wait_until(lambda: "filled" in host.docker("logs", docker_id), what="its memory is filled")
    return docker_id


def between(driver: SshHost, sampler: Sampler, docker_id: str) -> list[ContainerCounters]:
    """The sampler's, then Docker's, then the sampler's again: counters only grow."""
    before, stats, after = _sample(sampler), _stats(driver, docker_id), _sample(sampler)
    return [before.containers[docker_id], stats[1], after.containers[docker_id]]


def both(driver: SshHost, sampler: Sampler, docker_id: str, *, for_s: float) -> tuple[Seen, Seen]:
    """By the sampler and by Docker."""
    ours, theirs = _sample(sampler), _stats(driver, docker_id)
    time.sleep(for_s)  # the time that is measured
    ours_after, theirs_after = _sample(sampler), _stats(driver, docker_id)
    before, after = ours.containers[docker_id], ours_after.containers[docker_id]
    return (
        _seen(before, after, ours_after.uptime_s - ours.uptime_s),
        _seen(theirs[1], theirs_after[1], theirs_after[0] - theirs[0]),
    )


def _sample(sampler: Sampler) -> Sample:
    found = sampler.sample(look=True)
    assert found is not None
    return found


def _stats(driver: SshHost, docker_id: str) -> tuple[float, ContainerCounters]:
    stats = driver.docker.stats(docker_id)
    at_s = read_at_s(stats)
    assert at_s is not None
    return at_s, counters(stats)


def _seen(before: ContainerCounters, after: ContainerCounters, elapsed_s: float) -> Seen:
    assert before.cpu_us is not None
    assert after.cpu_us is not None
    assert after.memory_bytes is not None
    return Seen((after.cpu_us - before.cpu_us) / elapsed_s / 10_000, after.memory_bytes)
