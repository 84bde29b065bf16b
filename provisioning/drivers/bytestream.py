"""A two-way stream of bytes to something on a host: a channel of an SSH connection or a socket."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Protocol

import paramiko

from provisioning.drivers.command import Preamble
from provisioning.drivers.connection import Held
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import printable
from provisioning.drivers.stream_ending import ending

_MAX_STDERR_BYTES = 8 * 1024
_MAX_UNREAD_BYTES = 64 * 1024
_PROBE_EVERY_S = 15.0
PROBE_TIMEOUT_S = 4.0
_SEND_TIMEOUT_S = 10.0
_EXIT_WAIT_S = 1.0


class ByteStream(Protocol):
    """``recv`` gives b"" at the end and raises TimeoutError when nothing came in time."""

    used_at: float

    def send(self, data: bytes) -> None: ...
    def recv(self, size: int, *, timeout_s: float) -> bytes: ...
    def fresh(self) -> bool: ...
    def answers(self, *, timeout_s: float = PROBE_TIMEOUT_S) -> bool: ...
    def ending(self) -> DriverError | None: ...
    def close(self) -> None: ...


class LaneStream:
    """The stdin and stdout of a remote command (with ``preamble``), or a forwarded socket."""

    def __init__(
        self, held: Held, *, who: str, preamble: Preamble | None, what: str = "Docker"
    ) -> None:
        self.used_at = time.monotonic()
        self._held = held
        self._lane = held.lane
        self._who = who
        self._what = what
        self._preamble = preamble
        self._stderr = b""

    def send(self, data: bytes) -> None:
        self._lane.settimeout(_SEND_TIMEOUT_S)
        try:
            self._lane.sendall(data)
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise self.ending() or _broken(self._who, self._what, error) from None

    def recv(self, size: int, *, timeout_s: float) -> bytes:
        deadline = Deadline(timeout_s)
        while True:
            self._lane.wake.rest()
            if data := self._take(size):
                return data
            if self._lane.recv_ready() or self._lane.recv_stderr_ready():
                continue
            if self._lane.closed or self._lane.eof_received:
                return b""
            self._wait(deadline)

    def _take(self, size: int) -> bytes:
        if self._lane.recv_stderr_ready():
            self._stderr = (self._stderr + self._lane.recv_stderr(size))[-_MAX_STDERR_BYTES:]
        if not self._lane.recv_ready():
            return b""
        data = self._lane.recv(size)
        return self._preamble.feed(data) if self._preamble is not None else data

    def _wait(self, deadline: Deadline) -> None:
        if deadline.passed():
            raise TimeoutError
        if self._lane.wake.wait(deadline.within(_PROBE_EVERY_S)) or deadline.passed():
            return
        if not self.answers():
            raise DriverError(f"{self._who}: the server does not answer any more", "link_lost")

    def fresh(self) -> bool:
        """Open, and nothing was said that nobody asked for: fit for another request."""
        lane = self._lane
        return not (lane.closed or lane.eof_received or lane.recv_ready()) and (
            self._held.link.is_active()
        )

    def answers(self, *, timeout_s: float = PROBE_TIMEOUT_S) -> bool:
        """Whether the SSH server on the other side still answers, asked with a real request.

        If it does not, the whole connection is given up.
        """
        if self._held.link.answers(timeout_s=timeout_s):
            return True
        self._held.link.shut()
        return False

    def ending(self) -> DriverError | None:
        """Why the stream ended, when the host said so."""
        self._lane.status_event.wait(_EXIT_WAIT_S)
        self._take_the_rest()
        if not self._held.link.is_active():
            return DriverError(f"{self._who}: the connection broke", "link_lost")
        if self._preamble is None:
            return None
        if not self._preamble.process_group:
            said = printable(self._preamble.noise + b" " + self._stderr, limit=200)
            return DriverError(f"{self._who}: the login runs no commands: {said}", "no_shell")
        if self._what == "Docker":
            return ending(self._who, self._lane.exit_status, self._stderr)
        return None

    def _take_the_rest(self) -> None:
        """What nobody has read yet: a command may have ended before the first request was sent."""
        self._lane.settimeout(0.0)
        with contextlib.suppress(OSError):
            self._stderr += self._lane.recv_stderr(_MAX_STDERR_BYTES)
        with contextlib.suppress(OSError):
            if self._preamble is not None:
                self._preamble.feed(self._lane.recv(_MAX_UNREAD_BYTES))

    def close(self) -> None:
        self._held.release()


class SocketStream:
    """A socket of this machine."""

    def __init__(self, sock: socket.socket, *, who: str, what: str = "Docker") -> None:
        self.used_at = time.monotonic()
        self._sock = sock
        self._who = who
        self._what = what

    def send(self, data: bytes) -> None:
        try:
            self._sock.settimeout(_SEND_TIMEOUT_S)
            self._sock.sendall(data)
        except OSError as error:
            raise _broken(self._who, self._what, error) from None

    def recv(self, size: int, *, timeout_s: float) -> bytes:
        try:
            self._sock.settimeout(max(timeout_s, 0.001))
            return self._sock.recv(size)
        except TimeoutError:
            raise
        except OSError:
            return b""

    def fresh(self) -> bool:
        try:
            self._sock.settimeout(0.0)
            self._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False  # the end, or something nobody asked for

    def answers(self, *, timeout_s: float = PROBE_TIMEOUT_S) -> bool:
        return True  # the kernel of this machine tells of every end

    def ending(self) -> DriverError | None:
        return None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()


def _broken(who: str, what: str, error: Exception) -> DriverError:
    if isinstance(error, TimeoutError):
        return DriverError(f"{who}: {what} does not take the request", "timeout")
    return DriverError(f"{who}: the connection to {what} broke", "link_lost")
