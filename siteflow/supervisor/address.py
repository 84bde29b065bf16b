"""The address of the web process: is it free, who has it, does it answer."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROBE_TIMEOUT_S: Final = 0.5
PROBE_PATH: Final = "/api/health/live"
_LISTEN: Final = "0A"  # the state of a listening socket in /proc/net/tcp (proc(5))


class AddressTaken(Exception):
    """The web process could not listen there; the message says why."""


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{_in_url(self._reachable_host)}:{self.port}/"

    def check_free(self) -> None:
        """Raises AddressTaken."""
        try:
            family, kind, protocol, _, target = socket.getaddrinfo(
                self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind, protocol) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind(target)
                trial.listen()
        except OSError as error:
            raise AddressTaken(self._reason(error)) from error

    def answers(self) -> bool:
        """Whether an HTTP server answers there, be it with a refusal, but not with an error."""
        host = self._reachable_host
        request = f"GET {PROBE_PATH} HTTP/1.0\r\nHost: {_in_url(host)}:{self.port}\r\n\r\n"
        with suppress(OSError):
            with socket.create_connection((host, self.port), PROBE_TIMEOUT_S) as connection:
                connection.sendall(request.encode())
                answer = connection.recv(12)  # "HTTP/1.1 200"
            return answer[:5] == b"HTTP/" and answer[9:10] in (b"2", b"3", b"4")
        return False

    @property
    def _reachable_host(self) -> str:
        return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104

    def _reason(self, error: OSError) -> str:
        where = f"{_in_url(self.host)}:{self.port}"
        if isinstance(error, socket.gaierror):
            return f"SITEFLOW_HOST {self.host!r} is no address of this machine: {error.strerror}"
        if holder := _holder(self.port):
            return f"{where} is taken by {holder}; stop it or set SITEFLOW_PORT"
        return f"Cannot listen on {where}: {error.strerror}"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _holder(port: int) -> str:
    """ "process 12 (nginx: master)", as far as this user may see it; "" if nobody listens."""
    inodes = _listening_inodes(port)
    for entry in Path("/proc").iterdir() if inodes else ():
        if entry.name.isdigit() and _open_files(entry) & inodes:
            return f"process {entry.name} ({_command(entry)})"
    return "another user's process" if inodes else ""


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(f"socket:[{fields[9]}]")
    return found


def _open_files(entry: Path) -> set[str]:
    """What the process of this folder in /proc has open; nothing if it is not ours to see."""
    found = set()
    with suppress(OSError):
        for fd in (entry / "fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                found.add(str(fd.readlink()))
    return found


def _command(entry: Path) -> str:
    with suppress(OSError):
        return (
            (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        )
    return "ended meanwhile"
