"""Labs start side by side, and leave nothing behind however they end."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Host, Lab, LabError
from tests.lab.__main__ import table
from tests.lab.command import run, wait_until
from tests.lab.process import Process
from tests.lab.registry import Record, locked, records

pytestmark = pytest.mark.lab
PROJECT = Path(__file__).parents[2]


def test_a_second_lab_starts_in_time_and_leaves_nothing(lab: Lab, tmp_path: Path) -> None:
    machine = _machine()
    began = time.monotonic()
    second = Lab.start(tmp_path)
    try:
        assert time.monotonic() - began <= 60
        assert second.record.slot != lab.record.slot
        assert second.web1.ssh("docker ps -q").stdout.strip()
        processes = _processes(second.record)
        assert {"sshd", "dockerd", "containerd", "httpd"} <= {p.command_name() for p in processes}
        assert len(_traces(second.record, processes)) > 5
    finally:
        second.stop()
    assert _traces(second.record, processes) == []
    assert list(tmp_path.iterdir()) == []
    assert _machine() == machine
    assert lab.web1.ssh("hostname").stdout == "web1\n"


def test_stopping_ends_what_stands_still_and_may_be_done_twice(tmp_path: Path) -> None:
    started = Lab.start(tmp_path)
    started.web1.freeze()
    processes = _processes(started.record)
    started.stop()
    started.stop()
    assert _traces(started.record, processes) == []


def test_a_start_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Record, list[Process]]] = []

    def fail(_host: Host) -> None:
        record = next(r for r in records() if Path(r.directory).parent == tmp_path)
        seen.append((record, _processes(record)))
        raise LabError("no containers today")

    monkeypatch.setattr("tests.lab.build.seed_containers", fail)
    with pytest.raises(LabError, match="no containers today"):
        Lab.start(tmp_path)
    assert seen
    assert [_traces(*what) for what in seen] == [[]] * len(seen)


def test_the_keeper_takes_down_a_lab_whose_process_was_killed(tmp_path: Path) -> None:
    with _serving(tmp_path) as (command, record):
        processes = _processes(record)
        command.kill()
        command.wait()
        wait_until(lambda: not _traces(record, processes), what="the lab is taken down")
    assert list(tmp_path.iterdir()) == []


def test_the_next_start_takes_down_a_lab_whose_keeper_was_killed_too(tmp_path: Path) -> None:
    with _serving(tmp_path) as (command, record):
        processes = _processes(record)
        assert record.keeper is not None
        record.keeper.kill()
        command.kill()
        command.wait()
    assert _traces(record, processes)
    following = tmp_path / "following"
    following.mkdir()
    with Lab.start(following):
        assert not [process for process in processes if process.alive()]
        assert list(tmp_path.iterdir()) == [following]


def test_the_command_tells_serves_breaks_and_stops(tmp_path: Path) -> None:
    with _serving(tmp_path) as (command, record):
        processes = _processes(record)
        description = _described(record)
        assert Path(record.directory, "lab.json").stat().st_mode & 0o077 == 0
        assert _reaches(description, "web1")
        _command("fault", "web1", "cut", "--slot", str(record.slot))
        assert not _reaches(description, "web1")
        assert _reaches(description, "bare")
        _command("fault", "web1", "heal", "--slot", str(record.slot))
        assert _reaches(description, "web1")
        command.send_signal(signal.SIGTERM)
        assert command.wait(timeout=60) == 0
    assert _traces(record, processes) == []


def test_the_command_shows_no_password(lab: Lab) -> None:
    shown = table(list(lab.hosts.values()))
    assert lab.web2.fingerprint in shown
    assert str(lab.web2.password) not in shown
    assert str(lab.web2.password) not in repr(lab)


def test_a_fault_on_an_unknown_host_says_which_there_are(lab: Lab) -> None:
    with pytest.raises(LabError, match="no host web9; there are web1, web2, bare, impostor, nas"):
        _command("fault", "web9", "cut", "--slot", str(lab.record.slot))


def test_process_1_of_a_host_reaps_orphans(lab: Lab) -> None:
    lab.bare.run("sh", "-c", "sleep 0.05 & sleep 0.05 &")
    states = ("ps", "--ppid", "1", "-o", "stat=,comm=")

    def reaped() -> bool:
        listed = lab.bare.run(*states).stdout.split()
        return listed.count("sleep") == 1 and "Z" not in listed

    # The sleep that stays is process 1's own.
    wait_until(reaped, what="the orphans are reaped", timeout_s=10)


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], Record]]:
    """`python -m tests.lab` in a process of its own, ready; ended, if need be, afterwards."""
    argv = [sys.executable, "-m", "tests.lab", "--tmpdir", str(folder)]
    with subprocess.Popen(argv, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        try:
            assert any(line.startswith("Ctrl-C") for line in command.stdout)
            yield command, next(r for r in records() if r.owner.pid == command.pid)
        finally:
            with suppress(ProcessLookupError):
                command.terminate()


def _command(*args: str) -> None:
    run(["env", f"--chdir={PROJECT}", sys.executable, "-m", "tests.lab", *args])


def _described(record: Record) -> dict[str, Any]:
    hosts: dict[str, Any] = json.loads(Path(record.directory, "lab.json").read_text())["hosts"]
    return hosts


def _reaches(description: dict[str, Any], host: str) -> bool:
    known = description[host]
    argv = ["ssh-keyscan", "-T", "2", "-p", str(known["port"]), known["address"]]
    found = run(argv, check=False).stdout
    return str(known["host_public_key"]) in found


def _processes(record: Record) -> list[Process]:
    """All processes of the lab: on each host, in its containers, its holders and its keeper."""
    found = [*record.holders, *([record.keeper] if record.keeper else [])]
    for process in found:  # grows while it is walked: children of children
        found.extend(process.children())
    assert all(process.alive() for process in record.holders)
    return found


def _traces(record: Record, processes: list[Process]) -> list[str]:
    """Whatever there is of the lab on this machine; [] once it has left nothing."""
    found = [f"process {process}" for process in processes if process.alive()]
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    found += [line for line in mounts if record.directory in line]
    found += [record.directory] if Path(record.directory).exists() else []
    with locked():  # a lab that starts beside this one may get the number as soon as it is free
        others = any(r.slot == record.slot and r.owner != record.owner for r in records())
        return found if others else found + _by_number(record)


def _by_number(record: Record) -> list[str]:
    """What is known by the lab's number alone."""
    network = record.network
    wires = run(["ip", "-oneline", "link"]).stdout + run(["ip", "route"]).stdout
    own = re.compile(rf"\b({network.cable}@|{network.all_addresses.removesuffix('0/24')})")
    found = [line for line in wires.splitlines() if own.search(line)]
    found += map(str, Path("/sys/fs/cgroup").glob(f"*{record.cgroup}"))
    return found + [str(record.file)] * record.file.exists()


def _machine() -> dict[str, str]:
    """What a lab must not change of the machine."""
    files = ("/etc/passwd", "/etc/group", "/etc/shadow", "/proc/self/mounts")
    read = {file: Path(file).read_text() for file in files}
    read["forwarding"] = Path("/proc/sys/net/ipv4/ip_forward").read_text()
    read["rules"] = run(["iptables", "-S"]).stdout + run(["iptables", "-t", "nat", "-S"]).stdout
    return read
