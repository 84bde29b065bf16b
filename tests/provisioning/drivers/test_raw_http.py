"""Answers that go on: what is asked, what comes, and how it ends."""

from __future__ import annotations

import pytest

from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.raw_http import RawStream, request
from tests.provisioning.drivers.test_events import Pieces


def opened(*pieces: bytes, ends: bool = False) -> RawStream:
    stream = RawStream(Pieces(*pieces, ends=ends), who="web1", what="reading a log")
    stream.open(b"", Deadline(1))
    return stream


def test_a_request_has_its_query_and_body() -> None:
    assert request("GET", "/v1.41/x", query={"a b": "1&2"}) == (
        b"GET /v1.41/x?a+b=1%262 HTTP/1.0\r\nHost: docker\r\n\r\n"
    )
    assert request("POST", "/x", body={"a": 1}, upgrade=True) == (
        b"POST /x HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\n"
        b"Content-Length: 8\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
        b'{"a": 1}'
    )


def test_what_came_with_the_head_is_not_lost() -> None:
    stream = opened(b"HTTP/1.1 20", b"0 OK\r\nX: y\r\n\r\nfir", b"st", ends=True)
    got = [stream.recv(2, timeout_s=0) for _ in range(4)]
    assert got == [b"fi", b"r", b"st", b""]


@pytest.mark.parametrize("status", [b"200 OK", b"101 UPGRADED", b"201 Created"])
def test_these_answers_go_on(status: bytes) -> None:
    assert opened(b"HTTP/1.1 " + status + b"\r\n\r\nx").recv(9, timeout_s=0) == b"x"


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (b'HTTP/1.1 404 Not Found\r\n\r\n{"message": "no such thing"}', "not_found", "no such"),
        (b'HTTP/1.0 409 Conflict\r\n\r\n{"message": "in use"}', "conflict", "in use"),
        (b"HTTP/1.1 500 Oh\r\n\r\n" + b"[" * 5000, "docker_error", "status 500"),
        (b"SSH-2.0-x\r\n\r\n", "garbage", "unreadable"),
        (b"x" * 70_000, "garbage", "unreadable"),
        (b"HTTP/1.1 200", "link_lost", "broke"),
    ],
)
def test_a_refusal_is_told(answer: bytes, code: str, words: str) -> None:
    with pytest.raises(DriverError) as raised:
        opened(answer, ends=True)
    assert raised.value.code == code
    assert raised.value.message.startswith("web1: reading a log failed")
    assert words in raised.value.message


def test_silence_and_the_end_after_closing() -> None:
    stream = opened(b"HTTP/1.1 200 OK\r\n\r\n")
    with pytest.raises(TimeoutError):
        stream.recv(1, timeout_s=0)
    stream.close()
    assert stream.recv(1, timeout_s=0) == b""
