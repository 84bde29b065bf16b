"""Getting a stream to a host's Docker Engine: by the docker command, else by its socket."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Protocol

from provisioning.drivers.bytestream import ByteStream, LaneStream, SocketStream
from provisioning.drivers.command import Preamble, command_line
from provisioning.drivers.connection import Connection, label
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import Result
from provisioning.drivers.link import LaneRefused
from provisioning.drivers.stream_connections import StreamConnections
from provisioning.drivers.target import LocalTarget, SshTarget


class Dialer(Protocol):
    """``long_lived`` streams are kept off the connection that the short calls share."""

    def dial(self, deadline: Deadline, *, long_lived: bool = False) -> ByteStream: ...
    def fall_back(self) -> bool: ...


class SshDialer:
    """Runs ``docker system dial-stdio`` on the host; without a docker command, forwards a socket.

    The second way is remembered until it fails. With sudo only the first way can work.
    """

    def __init__(
        self,
        target: SshTarget,
        *,
        calls: Connection,
        streams: StreamConnections,
        run: Callable[..., Result],
    ) -> None:
        self._target = target
        self._who = label(target)
        self._calls = calls
        self._streams = streams
        self._run = run
        self._forward = False

    def dial(self, deadline: Deadline, *, long_lived: bool = False) -> ByteStream:
        connection: Connection | StreamConnections
        connection = self._streams if long_lived else self._calls
        if self._forward:
            return self._forwarded(connection, deadline)
        argv = ("docker", "-H", f"unix://{self._target.docker_socket}", "system", "dial-stdio")
        command = command_line(argv, sudo=self._target.sudo)
        held = connection.session(deadline)
        held.lane.request("exec", command)
        return LaneStream(held, who=self._who, preamble=Preamble())

    def fall_back(self) -> bool:
        """After NoDockerCommand: whether there is another way to try."""
        if self._forward or self._target.sudo:
            return False
        self._forward = True
        return True

    def _forwarded(
        self, connection: Connection | StreamConnections, deadline: Deadline
    ) -> ByteStream:
        try:
            held = connection.streamlocal(self._target.docker_socket, deadline)
        except LaneRefused:
            self._forward = False
            raise self._why_refused(deadline) from None
        return LaneStream(held, who=self._who, preamble=None)

    def _why_refused(self, deadline: Deadline) -> DriverError:
        path = self._target.docker_socket
        if not self._holds("-S", path, deadline):
            return DriverError(f"{self._who}: no docker command and no {path}", "docker_missing")
        if not self._holds("-w", path, deadline):
            return DriverError(f"{self._who}: no permission on {path}", "docker_denied")
        # sshd gives the same reason for both.
        why = f"nothing answers at {path}, or sshd does not forward sockets to it"
        return DriverError(f"{self._who}: {why}", "docker_down")

    def _holds(self, test: str, path: str, deadline: Deadline) -> bool:
        return self._run(("test", test, path), timeout_s=deadline.left()).exit_code == 0


class LocalDialer:
    """The Docker socket of this machine."""

    def __init__(self, target: LocalTarget) -> None:
        self._target = target

    def dial(self, deadline: Deadline, *, long_lived: bool = False) -> ByteStream:
        path = self._target.docker_socket
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(max(deadline.left(), 0.001))
            sock.connect(path)
        except OSError as error:
            sock.close()
            raise _socket_error(self._target.name, path, error) from None
        return SocketStream(sock, who=self._target.name)

    def fall_back(self) -> bool:
        return False


def _socket_error(who: str, path: str, error: OSError) -> DriverError:
    if isinstance(error, PermissionError):
        return DriverError(f"{who}: no permission on {path}", "docker_denied")
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return DriverError(f"{who}: there is no Docker socket at {path}", "docker_missing")
    if isinstance(error, TimeoutError):
        return DriverError(f"{who}: Docker does not accept connections", "timeout")
    return DriverError(f"{who}: nothing answers at {path}", "docker_down")
