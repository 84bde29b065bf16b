"""A terminal of this very machine, as the account that runs the tests."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.drivers.errors import DriverError
from provisioning.drivers.local import LocalHost
from provisioning.drivers.target import LocalTarget
from provisioning.drivers.terminal import Terminal
from tests.lab.command import wait_until

WITHIN_S = 30.0


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("SECRET_KEY", "of-siteflow-itself")
    host = LocalHost(LocalTarget("here", "/nonexistent/docker.sock", command_timeout_s=20))
    made = host.terminal(cols=91, rows=33, timeout_s=10.0)
    yield made
    made.close()


def read_until(terminal: Terminal, wanted: bytes) -> bytes:
    found, deadline = b"", time.monotonic() + WITHIN_S
    while wanted not in found:
        assert time.monotonic() < deadline, found[-500:]
        with contextlib.suppress(TimeoutError):
            data = terminal.recv(65_536, timeout_s=0.2)
            assert data, found[-500:]
            found += data
    return found


def read_to_the_end(terminal: Terminal) -> None:
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        with contextlib.suppress(TimeoutError):
            if not terminal.recv(65_536, timeout_s=0.2):
                return
    raise AssertionError("it goes on")


def test_it_is_a_login_shell_in_front_of_a_terminal(terminal: Terminal) -> None:
    terminal.send(b"stty size; tty; echo $TERM-$((40+2))\n")
    found = read_until(terminal, b"xterm-256color-42")
    assert b"33 91" in found and b"/dev/pts/" in found
    terminal.resize(cols=120, rows=40)
    terminal.send(b"stty size\n")
    read_until(terminal, b"40 120")
    assert terminal.answers()
    terminal.send(b"exit 7\n")
    read_to_the_end(terminal)
    assert terminal.exit_code() == 7
    assert terminal.end()


def test_siteflows_own_environment_is_not_handed_on(terminal: Terminal) -> None:
    terminal.send(b"env; echo end-$((40+2))\n")
    found = read_until(terminal, b"end-42")
    assert b"HOME=" in found and b"PATH=" in found
    assert b"of-siteflow-itself" not in found and b"DJANGO_SETTINGS" not in found


def test_an_interrupt_arrives_while_output_pours(terminal: Terminal) -> None:
    terminal.send(b"yes 0123456789\n")
    read_until(terminal, b"9\r\n0123")
    terminal.send(b"\x03")
    terminal.send(b"echo still-$((40+2))\n")
    read_until(terminal, b"still-42")


def test_what_runs_in_it_ends_with_it(terminal: Terminal) -> None:
    """Also what ignores a hang-up; what made itself a session of its own stays, as services do."""
    terminal.send(b"(trap '' HUP; sleep 4721) & sleep 4722 & setsid sleep 4723 & echo $$-shell\n")
    read_until(terminal, b"-shell\r\n")
    wait_until(lambda: len(sleeping(4721, 4722, 4723)) == 3, what="they run")
    terminal.close()
    wait_until(lambda: not sleeping(4721, 4722), what="they have ended")
    (service,) = sleeping(4723)
    os.kill(service, 9)
    assert terminal.end()
    assert terminal.recv(10, timeout_s=0.1) == b""
    terminal.close()


@pytest.mark.parametrize("size", [(0, 24), (80, 0), (-1, 24), (1_001, 24), (80, 10**9)])
def test_a_size_that_is_none_is_refused(terminal: Terminal, size: tuple[int, int]) -> None:
    with pytest.raises(DriverError) as caught:
        terminal.resize(cols=size[0], rows=size[1])
    assert caught.value.code == "bad_argument"


def sleeping(*seconds: int) -> list[int]:
    wanted = {f"sleep\0{each}\0".encode() for each in seconds}
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "cmdline").read_bytes() in wanted:
                    found.append(int(entry.name))
    return found
