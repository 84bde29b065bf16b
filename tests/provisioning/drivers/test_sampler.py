"""The program itself, run by shells of this machine on recorded trees."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from provisioning.drivers.bytestream import ByteStream
from provisioning.drivers.errors import DriverError
from provisioning.drivers.local import LocalHost
from provisioning.drivers.process_stream import ProcessStream
from provisioning.drivers.sampler import Sampler
from provisioning.drivers.sampler_parse import ContainerCounters, HostCounters, Sample
from provisioning.drivers.target import LocalTarget
from tests.lab.command import wait_until
from tests.provisioning.drivers import cgroup_trees as trees
from tests.provisioning.drivers.cgroup_trees import DOCKER_ID, OTHER_ID

GIB = 1024**3
USED = ContainerCounters(
    main_pid=4242,
    cpu_us=7_000_000,
    memory_bytes=100_000_000,
    memory_limit_bytes=16_000_000 * 1024,
    received_bytes=1260,
    sent_bytes=632,
    read_bytes=4196,
    written_bytes=8392,
    pids=7,
)


class Machine(LocalHost):
    """This machine with the tools of a folder and nothing else."""

    def __init__(self, tools: Path) -> None:
        super().__init__(LocalTarget("here", "/nonexistent/docker.sock"))
        self.tools = tools

    def stream(self, argv: Sequence[str], *, timeout_s: float) -> ByteStream:
        shell = (str(self.tools / "sh"), *argv[1:])
        path = f"PATH={self.tools}"
        return ProcessStream(("/usr/bin/env", "-i", path, *shell), who=self.name)


@pytest.fixture(params=["system", "busybox"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "awk", "find"):
        tool = shutil.which("busybox" if request.param == "busybox" else name)
        assert tool, f"{request.param} has no {name}"
        (tools / name).symlink_to(tool)
    return Machine(tools)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    trees.host(tmp_path / "root")
    return tmp_path / "root"


@pytest.fixture
def sampler(machine: Machine, root: Path) -> Iterator[Callable[[], Sampler]]:
    """Starts the program on the tree as it is by then."""
    opened = []

    def start() -> Sampler:
        opened.append(Sampler(machine, timeout_s=20, root=str(root)))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


Start = Callable[[], Sampler]


def read(sampler: Sampler, *, look: bool = False) -> Sample:
    found = sampler.sample(look=look)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "below",
    [
        f"docker/{DOCKER_ID}",
        f"system.slice/docker-{DOCKER_ID}.scope",
        f"user.slice/user-1000.slice/user@1000.service/user.slice/docker-{DOCKER_ID}.scope",
        f"my own *parent/deeper/{DOCKER_ID}",
    ],
)
def test_a_container_wherever_docker_puts_it(below: str, root: Path, sampler: Start) -> None:
    trees.container_v2(root, below)
    assert read(sampler()).containers == {DOCKER_ID: USED}


@pytest.mark.parametrize("below", [f"docker/{DOCKER_ID}", f"system.slice/docker-{DOCKER_ID}.scope"])
def test_cgroup_v1(below: str, root: Path, sampler: Start) -> None:
    trees.container_v1(root, below)
    assert read(sampler()).containers == {DOCKER_ID: replace(USED, memory_limit_bytes=GIB // 2)}


def test_the_host_itself(root: Path, sampler: Start) -> None:
    """What bridges and containers carry is counted once, by the card of the host."""
    found = read(sampler())
    assert found.uptime_s == 1000
    assert found.containers == {}
    assert found.host == HostCounters(
        load1=0.5,
        load5=0.4,
        load15=0.3,
        cpus=2,
        cpu_ticks=(100, 10, 50, 800, 20, 1, 5, 3),
        memory_total_bytes=16_000_000 * 1024,
        memory_available_bytes=12_000_000 * 1024,
        swap_total_bytes=2_000_000 * 1024,
        swap_free_bytes=1_500_000 * 1024,
        received_bytes=5000,
        sent_bytes=700,
    )


def test_who_comes_is_found_when_asked_to_look_and_who_goes_at_once(
    root: Path, sampler: Start
) -> None:
    trees.container_v2(root, f"docker/{DOCKER_ID}")
    started = sampler()
    assert set(read(started).containers) == {DOCKER_ID}
    trees.container_v2(root, f"docker/{OTHER_ID}", pid=77)
    assert set(read(started).containers) == {DOCKER_ID}
    assert set(read(started, look=True).containers) == {DOCKER_ID, OTHER_ID}
    shutil.rmtree(root / "sys/fs/cgroup/docker" / DOCKER_ID)
    gone = read(started).containers[DOCKER_ID]
    assert gone == ContainerCounters()
    assert set(read(started, look=True).containers) == {OTHER_ID}


def test_what_the_host_does_not_have_is_not_known(root: Path, sampler: Start) -> None:
    """No controller for I/O, no memory.stat, a process of another namespace (pid 0)."""
    trees.container_v2(root, f"docker/{DOCKER_ID}")
    folder = root / "sys/fs/cgroup/docker" / DOCKER_ID
    for name in ("io.stat", "pids.current", "cpu.stat"):
        (folder / name).unlink()
    (folder / "cgroup.procs").write_text("0\n")
    found = read(sampler()).containers[DOCKER_ID]
    assert found == ContainerCounters(memory_bytes=100_000_000, memory_limit_bytes=16_384_000_000)


def test_the_hosts_own_network_is_not_the_containers(root: Path, sampler: Start) -> None:
    trees.container_v2(root, f"docker/{DOCKER_ID}")
    shutil.copy(root / "proc/net/dev", root / "proc/4242/net/dev")
    found = read(sampler()).containers[DOCKER_ID]
    assert (found.received_bytes, found.sent_bytes) == (None, None)


def test_numbers_keep_all_their_digits(root: Path, sampler: Start) -> None:
    trees.container_v2(root, f"docker/{DOCKER_ID}")
    folder = root / "sys/fs/cgroup/docker" / DOCKER_ID
    (folder / "cpu.stat").write_text("usage_usec 9007199254740991\n")
    (folder / "memory.current").write_text("8796093022209\n")
    (folder / "memory.stat").write_text("inactive_file 1\n")
    traffic = trees.net_dev(eth0=(123_456_789_012, 98_765_432_109_876))
    (root / "proc/4242/net/dev").write_text(traffic)
    found = read(sampler()).containers[DOCKER_ID]
    assert (found.cpu_us, found.memory_bytes) == (9007199254740991, 8796093022208)
    assert (found.received_bytes, found.sent_bytes) == (123_456_789_012, 98_765_432_109_876)


def test_other_folders_are_not_containers(root: Path, sampler: Start) -> None:
    for name in ("docker", f"docker/{DOCKER_ID[:63]}", f"x/cri-containerd-{DOCKER_ID}.scope"):
        trees.container_v2(root, name)
    assert read(sampler()).containers == {}


def test_without_awk_there_is_no_sample(root: Path, machine: Machine, sampler: Start) -> None:
    """BusyBox's shell has an awk built in, so here it is always the system's."""
    for tool in machine.tools.iterdir():
        tool.unlink()
    (machine.tools / "sh").symlink_to(shutil.which("sh") or "")
    assert sampler().sample() is None


def test_it_ends_with_its_stream(root: Path, sampler: Start) -> None:
    started = sampler()
    read(started)
    assert running(root)
    started.close()
    wait_until(lambda: not running(root), what="the sampler is gone", timeout_s=5)
    with pytest.raises(DriverError) as caught:
        started.sample()
    assert caught.value.code == "link_lost"


def running(root: Path) -> bool:
    found = subprocess.run(("pgrep", "-f", f"sh {root}$"), capture_output=True, check=False)
    return found.returncode == 0
