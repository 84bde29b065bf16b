"""A Docker Engine on a unix socket that answers as a test tells it to, byte for byte."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.drivers.dial import LocalDialer
from provisioning.drivers.dockerd import Dockerd
from provisioning.drivers.errors import DriverError
from provisioning.drivers.target import LocalTarget

VERSION = {"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24"}

Answer = bytes | Callable[[socket.socket], None]


def http(status: int, body: object = None, *headers: str) -> bytes:
    """A whole response; ``body`` is JSON unless it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", *headers, "", ""]
    return "\r\n".join(head).encode() + content


class Double:
    """Answers ``/version`` itself and everything else by what ``say`` was told for its path."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.connections = 0
        self.version: Answer = http(200, VERSION)
        self._answers: dict[str, list[Answer]] = {}

    def say(self, path_end: str, *answers: Answer) -> None:
        """What requests whose path ends so get, one after the other, the last one for ever."""
        self._answers[path_end] = list(answers)

    def __call__(self, connection: socket.socket) -> None:
        self.connections += 1
        reader = connection.makefile("rb")
        while line := reader.readline():
            length = 0
            while (header := reader.readline()) not in (b"\r\n", b""):
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            reader.read(length)
            method, path, _ = line.decode().split(" ", 2)
            self.requests.append(f"{method} {path}")
            answer = self._answer(path.partition("?")[0])
            if callable(answer):
                answer(connection)
                return
            connection.sendall(answer)

    def _answer(self, path: str) -> Answer:
        if path == "/version":
            return self.version
        for end, answers in self._answers.items():
            if path.endswith(end):
                return answers.pop(0) if len(answers) > 1 else answers[0]
        return http(404, {"message": f"page not found: {path}"})


def engine(path: Path, *, timeout_s: float = 3.0, streams: int = 3) -> Dockerd:
    dialer = LocalDialer(LocalTarget("web1", str(path)))
    return Dockerd(who="web1", dialer=dialer, timeout_s=timeout_s, streams=streams)


def fails(call: Callable[[], object]) -> DriverError:
    with pytest.raises(DriverError) as caught:
        call()
    assert caught.value.message.startswith("web1: ")
    assert caught.value.advice
    return caught.value
