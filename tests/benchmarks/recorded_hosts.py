"""Many hosts behind one SSH server, each answering what a real one once did. Run by `monitors.py`.

Every user name is a host of its own: its Docker Engine by `docker system dial-stdio`, the sampler
by lines, as both are asked by SiteFlow. Other commands (facts, services) are run once, on this
machine, and their answer is given to all.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import paramiko
from paramiko.common import AUTH_SUCCESSFUL, OPEN_SUCCEEDED

from tests.provisioning.drivers.docker_double import VERSION, http

RECORDED: Final = Path(__file__).parents[1] / "provisioning" / "drivers" / "recorded"
_MARK: Final = b"\x1e4711\n"  # what a command's output begins with, see drivers/command.py
_INSPECT: Final = re.compile(r"/containers/([0-9a-f]{64})/json$")
Channel = paramiko.Channel


def docker_id(host: str, number: int) -> str:
    return f"{int(host.removeprefix('host')):032x}{number:032x}"


class Recorded:
    """What one host answers."""

    def __init__(self, name: str, containers: int) -> None:
        self._name = name
        self._ids = [docker_id(name, number) for number in range(containers)]

    def listing(self) -> bytes:
        row = next(
            each for each in _recorded("containers.json") if each["Names"] == ["/shop-web-1"]
        )
        return http(200, [self._container(row, key, of_list=True) for key in self._ids])

    def inspection(self, key: str) -> bytes:
        return http(200, self._container(_recorded("inspect_running.json"), key, of_list=False))

    def _container(self, row: dict[str, Any], key: str, *, of_list: bool) -> dict[str, Any]:
        name = f"/{self._name}-{self._ids.index(key)}"
        own = {"Id": key, "Names": [name], "State": "running", "Status": "Up 2 hours (healthy)"}
        return {**row, **(own if of_list else {"Id": key, "Name": name})}

    def sample(self) -> bytes:
        """As drivers/sampler_script.py prints it, with counters that grow."""
        now_s = time.monotonic()
        head = [
            f"t 2 {now_s:.2f}",
            "l 0.52 0.41 0.38",
            f"p 4 {now_s * 20:.0f} 0 {now_s * 9:.0f} {now_s * 300:.0f} {now_s:.0f} 0 0 0",
            "m 8000000 4200000 1000000 900000",
            f"n {now_s * 30000:.0f} {now_s * 90000:.0f}",
        ]
        lines = [
            f"c {key} {300 + number} {now_s * 5e4 + number:.0f} {40_000_000 + number} 1000000 max"
            f" {now_s * 3000:.0f} {now_s * 9000:.0f} {now_s * 500:.0f} {now_s * 700:.0f} 12"
            for number, key in enumerate(self._ids)
        ]
        return "\n".join([*head, *lines, ". 0", ""]).encode()


@cache
def _recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text())


@cache
def _ran(command: bytes) -> tuple[bytes, int]:
    argv = [b"/bin/sh", b"-c", command]
    done = subprocess.run(argv, capture_output=True, timeout=60, check=False)
    return done.stdout, done.returncode


class Server(paramiko.ServerInterface):
    """One connection: lets anybody in and serves each channel in a thread."""

    def __init__(self, containers: int) -> None:
        self._containers = containers
        self._host = Recorded("host0", containers)

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self._host = Recorded(username, self._containers)
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: Channel, command: bytes) -> bool:
        serve = self._run
        if b"dial-stdio" in command:
            serve = self._docker
        elif b"find_groups" in command:
            serve = self._sampler
        threading.Thread(target=_quietly, args=(serve, channel, command), daemon=True).start()
        return True

    def _run(self, channel: Channel, command: bytes) -> None:
        output, code = _ran(command)
        channel.sendall(output)
        channel.send_exit_status(code)
        channel.close()

    def _sampler(self, channel: Channel, command: bytes) -> None:
        channel.sendall(_MARK)
        while data := channel.recv(4096):
            channel.sendall(self._host.sample() * data.count(b"\n"))

    def _docker(self, channel: Channel, command: bytes) -> None:
        channel.sendall(_MARK)
        reader = channel.makefile("rb")
        while line := reader.readline():
            while reader.readline() not in (b"\r\n", b""):
                pass
            path = line.decode().split(" ")[1].partition("?")[0]
            if path.endswith("/events"):
                channel.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n")
                continue  # and nothing happens
            channel.sendall(self._answer(path))

    def _answer(self, path: str) -> bytes:
        if path.endswith("/version"):
            return http(200, VERSION)
        if path.endswith("/containers/json"):
            return self._host.listing()
        if found := _INSPECT.search(path):
            return self._host.inspection(found[1])
        if path.endswith("/info"):
            return http(200, {"ServerVersion": "20.10.24", "Containers": self._containers})
        return http(404, {"message": "page not found"})


def _quietly(serve: Callable[[Channel, bytes], None], channel: Channel, command: bytes) -> None:
    with suppress(OSError, EOFError, paramiko.SSHException):
        serve(channel, command)


def main() -> None:
    """Arguments: the port, the file with the host key, and how many containers a host has."""
    port, key_file, containers = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    key = paramiko.Ed25519Key.from_private_key_file(key_file)
    listener = socket.create_server(("127.0.0.1", port), backlog=500)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_welcome, args=(connection, key, containers), daemon=True).start()


def _welcome(connection: socket.socket, key: paramiko.PKey, containers: int) -> None:
    with suppress(paramiko.SSHException, EOFError, OSError):
        transport = paramiko.Transport(connection)
        transport.add_server_key(key)
        transport.start_server(server=Server(containers))


if __name__ == "__main__":
    main()
