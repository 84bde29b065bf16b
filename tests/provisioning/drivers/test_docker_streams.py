"""What an Engine sends bit by bit: logs, and events without end."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from provisioning.drivers.dockerd import Dockerd
from tests.provisioning.drivers.docker_double import Double, fails, http
from tests.provisioning.drivers.servers import until_closed

INSPECTED = {"Id": "ab" * 32, "Name": "/web", "State": {"Status": "running"}, "Config": {}}


def frame(payload: bytes) -> bytes:
    return struct.pack(">B3xL", 1, len(payload)) + payload


@pytest.mark.parametrize(
    ("terminal", "body"),
    [(False, frame(b"one\ntwo\n") + frame(b"three\n")), (True, b"one\r\ntwo\r\nthree\r\n")],
)
def test_logs(docker: Dockerd, double: Double, terminal: bool, body: bytes) -> None:
    double.say("/web/json", http(200, INSPECTED | {"Config": {"Tty": terminal}}))
    double.say("/web/logs", http(200, body))
    assert docker.logs("web", tail=2, since=17) == ["two", "three"]
    assert double.requests[-1].endswith("logs?stdout=1&stderr=1&tail=2&since=17")


def streaming(*lines: object, end: bool = False) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n")
        for line in lines:
            data = line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
            connection.sendall(data)
        if not end:
            until_closed(connection)

    return answer


def test_events_come_one_by_one_then_silence(docker: Dockerd, double: Double) -> None:
    split = [b'{"Action": "di', b'e"}\n{"Action": "stop"}\n\n']
    double.say("/events", streaming({"Action": "start"}, *split))
    stream = docker.events(since=1700000000.123456, timeout_s=0.1)
    events = iter(stream)
    assert [next(events) for _ in range(4)] == [
        {"Action": "start"},
        {"Action": "die"},
        {"Action": "stop"},
        None,
    ]
    stream.close()
    assert list(events) == []
    assert double.requests[-1] == (
        "GET /v1.41/events?since=1700000000.123456001&"
        "filters=%7B%22type%22%3A+%5B%22container%22%2C+%22image%22%2C+%22volume%22%2C+"
        "%22network%22%2C+%22daemon%22%5D%7D"
    )


def test_closing_ends_a_waiting_reader_at_once(docker: Dockerd, double: Double) -> None:
    double.say("/events", streaming())
    stream = docker.events(since=1, timeout_s=60)
    seen: list[Any] = []
    reader = threading.Thread(target=lambda: seen.extend(stream))
    reader.start()
    started = time.monotonic()
    stream.close()
    reader.join(10)
    assert time.monotonic() - started < 2
    assert seen == []


def test_a_burst_is_taken_at_once(docker: Dockerd, double: Double) -> None:
    double.say("/events", streaming(b'{"n": 1}\n{"n": 2}\n{"n": 3}\n{"n"', end=True))
    stream = docker.events(since=1, timeout_s=60)
    assert stream.take(timeout_s=5) == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert fails(lambda: stream.take(timeout_s=5)).code == "link_lost"
    stream.close()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (streaming({"Action": "start"}, end=True), "link_lost"),
        (streaming(b"nonsense\n"), "garbage"),
        (streaming(b"[1]\n"), "garbage"),
        (streaming(b"x" * 2_000_000), "garbage"),
        (lambda connection: connection.sendall(b"220 mail\r\n\r\n"), "garbage"),
        (lambda connection: connection.sendall(b"x" * 100_000), "garbage"),
        (lambda connection: None, "link_lost"),
        (lambda connection: connection.sendall(http(500, {"message": "no"})), "docker_error"),
        (lambda connection: connection.sendall(http(400, b"?")), "docker_error"),
    ],
)
def test_events_that_fail(docker: Dockerd, double: Double, answer: Any, code: str) -> None:
    double.say("/events", answer)

    def read() -> None:
        with contextlib.closing(docker.events(since=1, timeout_s=5)) as stream:
            list(stream)

    assert fails(read).code == code
