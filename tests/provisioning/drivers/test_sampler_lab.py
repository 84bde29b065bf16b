"""The sampler on real hosts, over real SSH, beside Docker's own figures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioning.drivers.errors import DriverError
from provisioning.drivers.local import LocalHost
from provisioning.drivers.sampler import Sampler
from provisioning.drivers.ssh import SshHost
from provisioning.drivers.target import LocalTarget
from tests.lab.lab import Lab
from tests.provisioning.drivers.agreement import between, run_load
from tests.provisioning.drivers.lab_targets import opened, running, wait_gone

pytestmark = pytest.mark.lab

PROGRAM = "find_groups"  # in its command line, as the script is an argument


def uptime_s(driver: SshHost) -> float:
    return float(driver.run(("cat", "/proc/uptime")).stdout.split()[0])


@pytest.fixture
def load(lab: Lab) -> Iterator[str]:
    docker_id = run_load(lab.web1)
    yield docker_id
    lab.web1.docker("rm", "--force", docker_id)


def test_it_agrees_with_docker(lab: Lab, load: str) -> None:
    """Whatever the two are kept waiting for: what Docker counted lies between two samples."""
    with opened(lab.web1) as driver:
        sampler = Sampler(driver, timeout_s=10)
        seen = [*between(driver, sampler, load), *between(driver, sampler, load)]
        sampler.close()
    counted = [counters.cpu_us for counters in seen if counters.cpu_us is not None]
    assert len(counted) == 6
    assert counted == sorted(counted)
    assert counted[-1] > counted[0]
    memory = [counters.memory_bytes for counters in seen]
    assert memory == pytest.approx([memory[0]] * 6, rel=0.01)
    assert min(size or 0 for size in memory) >= 40_000_000


def test_its_clock_is_the_hosts(lab: Lab) -> None:
    """A rate is a difference of counters by a difference of this clock."""
    with opened(lab.web1) as driver:
        sampler = Sampler(driver, timeout_s=10)
        uptimes = []
        for _ in range(2):
            before, sample = uptime_s(driver), sampler.sample()
            assert sample is not None
            uptimes += [before, sample.uptime_s, uptime_s(driver)]
        sampler.close()
    assert uptimes == sorted(uptimes)


def test_it_needs_neither_root_nor_docker(lab: Lab) -> None:
    docker_id = lab.web2.docker("ps", "--quiet", "--no-trunc", "--filter", "name=legacy").strip()
    with opened(lab.web2, user="guest") as driver:
        sample = Sampler(driver, timeout_s=10).sample()
    assert sample is not None
    found = sample.containers[docker_id]
    assert None not in (found.cpu_us, found.memory_bytes, found.received_bytes, found.pids)
    assert sample.host.memory_total_bytes


def test_it_ends_with_its_channel_and_with_the_connection(lab: Lab) -> None:
    with opened(lab.bare) as driver:
        first, second = Sampler(driver, timeout_s=10), Sampler(driver, timeout_s=10)
        assert first.sample() and second.sample()
        assert len(running(lab.bare, PROGRAM)) == 2
        first.close()
        lab.bare.end_sessions()
        wait_gone(lab.bare, PROGRAM)
        with pytest.raises(DriverError) as caught:
            second.sample()
        assert caught.value.code == "link_lost"


def test_it_ends_when_the_network_is_cut_off_for_good(lab: Lab) -> None:
    """sshd finds out by its keep-alive; here that is set to a second."""
    lab.bare.configure_sshd(ClientAliveInterval=1, ClientAliveCountMax=1)
    with opened(lab.bare) as driver:
        sampler = Sampler(driver, timeout_s=2)
        assert sampler.sample()
        lab.bare.black_hole()
        with pytest.raises(DriverError) as caught:
            sampler.sample()
        assert caught.value.code == "timeout"
        wait_gone(lab.bare, PROGRAM, timeout_s=15)
        lab.bare.heal()


def test_this_machine_reads_its_own_cgroups(lab: Lab) -> None:
    docker_id = lab.web1.docker("ps", "--quiet", "--no-trunc", "--filter", "name=legacy").strip()
    sampler = Sampler(LocalHost(LocalTarget("here")), timeout_s=10)
    sample = sampler.sample()
    sampler.close()
    assert sample is not None
    assert sample.containers[docker_id].cpu_us
