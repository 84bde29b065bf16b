"""Small servers on this machine that misbehave on purpose, each connection in a thread."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_PARTIALLY_SUCCESSFUL, AUTH_SUCCESSFUL

Handler = Callable[[socket.socket], None]


@contextlib.contextmanager
def tcp_server(handler: Handler) -> Iterator[int]:
    """Yields the port on 127.0.0.1."""
    listener = socket.create_server(("127.0.0.1", 0))
    with _serving(listener, handler):
        yield int(listener.getsockname()[1])


@contextlib.contextmanager
def unix_server(path: Path, handler: Handler) -> Iterator[Path]:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(50)
    with _serving(listener, handler):
        yield path


@contextlib.contextmanager
def _serving(listener: socket.socket, handler: Handler) -> Iterator[None]:
    taken: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def work(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            handler(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                taken.append(connection)
                threads.append(threading.Thread(target=work, args=(connection,)))
                threads[-1].start()

    threads.append(threading.Thread(target=accept))
    threads[0].start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in taken:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(10)


def until_closed(connection: socket.socket) -> None:
    """Read and say nothing until the other side closes."""
    while connection.recv(65536):
        pass


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Gate(paramiko.ServerInterface):
    """An SSH server that counts who tries to get in."""

    def __init__(self, *, methods: str = "password", password: str = "") -> None:
        self.methods = methods
        self.password = password
        self.attempts: list[str] = []

    def get_allowed_auths(self, username: str) -> str:
        return self.methods

    def check_auth_none(self, username: str) -> int:
        self.attempts.append("none")
        return AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        self.attempts.append("password")
        if password != self.password:
            return AUTH_FAILED
        return AUTH_PARTIALLY_SUCCESSFUL if "," in self.methods else AUTH_SUCCESSFUL

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.attempts.append("publickey")
        return AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> int:
        self.attempts.append("keyboard-interactive")
        return AUTH_FAILED


def ssh_handler(
    gate: Gate, *keys: paramiko.PKey, kex: tuple[str, ...] = (), ciphers: tuple[str, ...] = ()
) -> Handler:
    """An SSH server with these host keys; ``kex`` and ``ciphers`` limit what it offers."""

    def handle(connection: socket.socket) -> None:
        transport = paramiko.Transport(connection)
        if kex:
            transport._preferred_kex = kex  # type: ignore[attr-defined]
        if ciphers:
            transport._preferred_ciphers = ciphers  # type: ignore[attr-defined]
        for key in keys:
            transport.add_server_key(key)
        with contextlib.suppress(paramiko.SSHException, EOFError):
            transport.start_server(server=gate)
            transport.join(30)
        transport.close()

    return handle
