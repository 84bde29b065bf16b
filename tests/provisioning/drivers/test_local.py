from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.local import LocalHost
from provisioning.drivers.target import LocalTarget
from tests.lab.command import wait_until


@pytest.fixture
def host() -> LocalHost:
    return LocalHost(LocalTarget("here", "/nonexistent/docker.sock", command_timeout_s=20))


def test_is_a_driver(host: LocalHost) -> None:
    driver: HostDriver = host
    with pytest.raises(DriverError) as caught:
        driver.docker.ping()
    assert caught.value.code == "docker_missing"


def test_arguments_and_streams_arrive(host: LocalHost) -> None:
    script = "import sys; sys.stderr.write('e'); print(sys.argv[1:], sys.stdin.read()); sys.exit(3)"
    result = host.run((sys.executable, "-c", script, "a b", "$(id)", "ü\n"), stdin=b"in")
    assert (result.exit_code, result.stderr) == (3, "e")
    assert result.stdout == "['a b', '$(id)', 'ü\\n'] in\n"
    assert not result.truncated


def test_much_in_and_out_at_once(host: LocalHost) -> None:
    data = os.urandom(300_000).hex().encode()
    result = host.run(("cat",), stdin=data)
    assert result.stdout.encode() == data


def test_stdin_that_nobody_reads(host: LocalHost) -> None:
    assert host.run(("true",), stdin=b"x" * 1_000_000).exit_code == 0


def test_output_is_cut_but_the_command_ends_well(host: LocalHost) -> None:
    result = host.run(("sh", "-c", "head -c 500000 /dev/zero; exit 4"), max_bytes=1000)
    assert (result.exit_code, result.truncated, len(result.stdout)) == (4, True, 1000)


@pytest.mark.parametrize(
    ("argv", "exit_code"),
    [(("no-such-command-here",), 127), (("/etc/passwd",), 126), (("sh", "-c", "kill -9 $$"), 137)],
)
def test_exit_codes_are_those_of_a_shell(
    host: LocalHost, argv: tuple[str, ...], exit_code: int
) -> None:
    assert host.run(argv).exit_code == exit_code


def test_the_whole_group_ends_at_the_deadline(host: LocalHost, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"trap '' TERM; sleep 302 & echo $! $$ >{pids}; sleep 302"
    started = time.monotonic()
    with pytest.raises(DriverError) as caught:
        host.run(("sh", "-c", script), timeout_s=0.5)
    assert caught.value.code == "timeout"
    assert time.monotonic() - started < 5
    for pid in pids.read_text().split():
        wait_until(lambda pid=pid: not _runs(int(pid)), what=f"process {pid} is gone")  # type: ignore[misc]


def _runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_something_left_behind_does_not_hold_the_call(host: LocalHost) -> None:
    started = time.monotonic()
    result = host.run(("sh", "-c", "echo done; sleep 5 & "))
    assert result.stdout == "done\n"
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("argv", [(), ("a\0b",)])
def test_what_cannot_be_passed(host: LocalHost, argv: tuple[str, ...]) -> None:
    with pytest.raises(DriverError) as caught:
        host.run(argv)
    assert caught.value.code == "bad_argument"


def test_no_descriptor_is_left(host: LocalHost) -> None:
    host.run(("true",))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        host.run(("cat",), stdin=b"x")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
