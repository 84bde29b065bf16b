from __future__ import annotations

import threading
from typing import Any

import pytest

from provisioning.drivers.bytestream import LaneStream
from provisioning.drivers.command import Preamble
from provisioning.drivers.errors import DriverError
from provisioning.drivers.stream_ending import NoDockerCommand

BEGUN = b"\x1e4711\n"  # a shell ran, in this process group


class Ended:
    """The channel of a command that had ended before anything was sent to it."""

    exit_status = 127

    def __init__(self, *, stdout: bytes, stderr: bytes) -> None:
        self._stdout, self._stderr = stdout, stderr
        self.status_event = threading.Event()
        self.status_event.set()

    def settimeout(self, timeout_s: float) -> None:
        """Nothing waits here."""

    def sendall(self, data: bytes) -> None:
        raise OSError("Socket is closed")

    def recv(self, size: int) -> bytes:
        return self._stdout[:size]

    def recv_stderr(self, size: int) -> bytes:
        return self._stderr[:size]


class HeldLane:
    def __init__(self, lane: Ended) -> None:
        self.lane = lane
        self.link = self

    def is_active(self) -> bool:
        return True


def refusal(*, stdout: bytes, stderr: bytes) -> DriverError:
    held: Any = HeldLane(Ended(stdout=stdout, stderr=stderr))
    with pytest.raises(DriverError) as caught:
        LaneStream(held, who="web1", preamble=Preamble()).send(b"GET /version HTTP/1.1\r\n\r\n")
    return caught.value


def test_a_command_that_ended_first_is_told_by_its_own_words() -> None:
    missing = refusal(stdout=BEGUN, stderr=b"sh: 1: exec: docker: not found\n")
    assert isinstance(missing, NoDockerCommand)
    assert refusal(stdout=BEGUN, stderr=b"sudo: a password is required\n").code == "sudo_refused"


def test_a_login_that_runs_nothing_is_told_from_it() -> None:
    said = refusal(stdout=b"This account is not available.\n", stderr=b"")
    assert (said.code, "not available" in said.message) == ("no_shell", True)
