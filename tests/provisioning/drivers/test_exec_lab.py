"""Processes in containers of a real Engine, as a user who has nothing but Docker's socket."""

from __future__ import annotations

import contextlib
import io
import tarfile
import time
from collections.abc import Iterator

import pytest

from provisioning.drivers import exec_ending
from provisioning.drivers.errors import DriverError
from provisioning.drivers.ssh import SshHost
from provisioning.drivers.terminal import Start, Terminal
from tests.lab.command import run, wait_until
from tests.lab.images import BUSYBOX, BUSYBOX_BINARY
from tests.lab.lab import Lab
from tests.provisioning.drivers.lab_targets import opened, running

pytestmark = pytest.mark.lab
MARK = "f" * 32
BARE = "siteflow/no-shell:1"


@pytest.fixture(scope="module")
def host(lab: Lab) -> Iterator[SshHost]:
    with opened(lab.web2, user="ops") as driver:
        yield driver


@pytest.fixture(scope="module")
def container(lab: Lab) -> Iterator[str]:
    run_ = ("run", "--detach", "--cap-drop", "ALL", "--user", "33", BUSYBOX, "sleep", "9999")
    docker_id = lab.web2.docker(*run_).strip()
    yield docker_id
    lab.web2.docker("rm", "--force", docker_id)


@pytest.fixture(scope="module")
def shell_less(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Nothing in it but one program, as in a "distroless" image."""
    archive = tmp_path_factory.mktemp("bare") / "bare.tar"
    with tarfile.open(archive, "w") as tar:
        for folder in ("app", "proc", "dev", "sys", "etc", "tmp"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry, io.BytesIO())
        tar.add(BUSYBOX_BINARY, "app/sleep")
    socket = f"unix://{lab.web2.docker_socket_outside}"
    run(["docker", "-H", socket, "import", str(archive), BARE], timeout_s=60)
    docker_id = lab.web2.docker("run", "--detach", BARE, "/app/sleep", "9999").strip()
    yield docker_id
    lab.web2.docker("rm", "--force", docker_id)


def begin(host: SshHost, docker_id: str, *argv: str, tty: bool = True, user: str = "") -> Terminal:
    start = Start(argv=argv, tty=tty, cols=91, rows=33, mark=MARK, user=user)
    return host.docker.exec_open(docker_id, start, made=lambda _: None)


def read_until(terminal: Terminal, wanted: bytes, *, within_s: float = 15.0) -> bytes:
    """The end of what came: there may be a lot of it."""
    found, deadline = b"", time.monotonic() + within_s
    while wanted not in found:
        assert time.monotonic() < deadline, found[-500:]
        with contextlib.suppress(TimeoutError):
            data = terminal.recv(65_536, timeout_s=1.0)
            assert data, found[-500:]
            found = found[-4_096:] + data
    return found


def ends(
    host: SshHost, docker_id: str, terminal: Terminal, *, user: str = "", runs_on: bool = True
) -> None:
    """Within ten seconds of its stream's end, at which Docker lets a terminal's program run on."""
    terminal.close()
    if runs_on:
        assert host.docker.exec_state(terminal.exec_id).running
    begun = time.monotonic()
    assert exec_ending.end(host, docker_id, terminal.exec_id, mark=MARK, user=user)
    assert time.monotonic() - begun < 10
    assert not host.docker.exec_state(terminal.exec_id).running


def test_a_shell_is_found_or_said_to_be_missing(
    host: SshHost, container: str, shell_less: str
) -> None:
    assert host.docker.find_shell(container) == "/bin/sh"
    with pytest.raises(DriverError) as caught:
        host.docker.find_shell(shell_less)
    assert caught.value.code == "no_shell"
    with pytest.raises(DriverError) as caught:
        host.docker.find_shell("0" * 64)
    assert caught.value.code == "not_found"


def test_a_terminal_knows_its_size_and_its_end(host: SshHost, container: str) -> None:
    terminal = begin(host, container, "/bin/sh")
    try:
        terminal.send(b"stty size; echo $TERM-$0\n")
        assert b"33 91" in read_until(terminal, b"xterm-256color-/bin/sh")
        terminal.resize(cols=120, rows=40)
        terminal.send(b"stty size\n")
        read_until(terminal, b"40 120")
        terminal.send(b"exit 7\n")
        with contextlib.suppress(TimeoutError):
            while terminal.recv(65_536, timeout_s=5.0):
                pass
        wait_until(lambda: terminal.exit_code() == 7, what="the exit code is known")
    finally:
        terminal.close()


def test_every_byte_arrives_as_it_is(host: SshHost, container: str) -> None:
    everything = bytes(range(256)) * 300
    terminal = begin(host, container, "cat", tty=False)
    try:
        terminal.send(everything)
        found = b""
        while len(found) < len(everything):
            found += terminal.recv(65_536, timeout_s=10.0)
        assert found == everything
        ends(host, container, terminal, runs_on=False)  # the end of its input may end it first
    finally:
        terminal.close()


def test_an_interrupt_arrives_while_output_pours(host: SshHost, container: str) -> None:
    terminal = begin(host, container, "/bin/sh")
    try:
        terminal.send(b"yes 0123456789012345678901234567890123456789\n")
        read_until(terminal, b"9\r\n0123")  # not the echo of what was typed
        terminal.send(b"\x03")
        terminal.send(b"echo still-$((40+2))\n")
        read_until(terminal, b"still-42")
    finally:
        ends(host, container, terminal)


def test_what_cannot_be_started_says_why(host: SshHost, container: str) -> None:
    with pytest.raises(DriverError) as caught:
        begin(host, container, "/no/such/program")
    assert caught.value.code == "command_failed"
    assert "/no/such/program" in caught.value.message


@pytest.mark.parametrize(
    ("tty", "argv"),
    [
        (True, ("/bin/sh",)),
        (True, ("sleep", "1000")),
        (False, ("sleep", "1000")),
        (True, ("sh", "-c", "trap '' HUP; echo ready; sleep 1001 & wait; sleep 1002")),
        (False, ("sh", "-c", "trap '' HUP INT TERM; echo ready; sleep 1001; sleep 1002")),
        (True, ("env", "-i", "/bin/sleep", "1000")),
    ],
    ids=["shell", "sleep", "sleep without a terminal", "ignores HUP", "ignores all", "no mark"],
)
def test_nothing_outlives_its_terminal(
    host: SshHost, container: str, tty: bool, argv: tuple[str, ...]
) -> None:
    terminal = begin(host, container, *argv, tty=tty)
    if "ready" in argv[-1]:
        read_until(terminal, b"ready")
    ends(host, container, terminal)


@pytest.mark.parametrize("user", ["0", "4242"])
def test_whoever_it_ran_as_it_ends(host: SshHost, container: str, user: str) -> None:
    """In a container that has given up every capability, and runs as somebody else."""
    terminal = begin(host, container, "sh", "-c", "trap '' HUP; sleep 1003; sleep 1004", user=user)
    ends(host, container, terminal, user=user)


def test_the_containers_own_program_is_never_given_more_rights(
    lab: Lab, host: SshHost, container: str
) -> None:
    """Its shell may be a trap; root of this container has no capability at all."""
    argv = ("sh", "-c", "grep CapEff /proc/self/status > /tmp/had.new; mv /tmp/had.new /tmp/had")
    host.docker.exec_detached(container, argv, user="0")
    wait_until(lambda: "had\n" in lab.web2.docker("exec", container, "ls", "/tmp"), what="it ran")
    told = lab.web2.docker("exec", container, "cat", "/tmp/had")
    assert told.split() == ["CapEff:", "0" * 16]


def test_a_service_started_in_a_terminal_outlives_it(
    lab: Lab, host: SshHost, container: str
) -> None:
    terminal = begin(host, container, "sh", "-c", "setsid sleep 4711 & sleep 4712")
    wait_until(lambda: "sleep 4711" in top(lab, container), what="the service runs")
    ends(host, container, terminal)
    assert "sleep 4711" in top(lab, container)
    assert "sleep 4712" not in top(lab, container)


def helpers(host: SshHost) -> list[str]:
    found = host.docker.containers()
    return [one.name for one in found if one.labels.get("siteflow.role") == "helper"]


def top(lab: Lab, container: str) -> str:
    return lab.web2.docker("top", container)


def test_without_any_shell_it_is_ended_from_beside(host: SshHost, shell_less: str) -> None:
    ends(host, shell_less, begin(host, shell_less, "/app/sleep", "1000"))
    wait_until(lambda: not helpers(host), what="what has helped is gone")


def test_where_the_host_tells_nothing_the_mark_leads_to_it(
    monkeypatch: pytest.MonkeyPatch, host: SshHost, container: str, shell_less: str
) -> None:
    monkeypatch.setattr(exec_ending, "_session", lambda *_: 0)
    ends(host, container, begin(host, container, "sleep", "1000"))
    ends(host, shell_less, begin(host, shell_less, "/app/sleep", "1000"))


def test_a_host_terminal_is_its_users_login_shell(lab: Lab, host: SshHost) -> None:
    terminal = host.terminal(cols=88, rows=22, timeout_s=15.0)
    try:
        terminal.send(b"stty size; id -un; sleep 4713\n")
        found = read_until(terminal, b"ops\r\n")
        assert b"22 88" in found
        assert b"\x1e" not in found
        wait_until(lambda: bool(running(lab.web2, "sleep 4713")), what="the command runs")
    finally:
        terminal.end()
        terminal.close()
    wait_until(lambda: not running(lab.web2, "sleep 4713"), what="the command is gone")
