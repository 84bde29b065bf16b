"""The web process itself, over real connections: what is refused before Django sees it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from siteflow.headers import ALWAYS
from siteflow.supervisor.roles import MAX_FRAME_BYTES, PROJECT, web
from tests.databases import free_port
from tests.siteflow.broken_app import POUR_MESSAGES

READY_S: Final = 40.0
ANSWER_S: Final = 15.0


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """As the supervisor starts it, on a data folder without any table."""
    folder = tmp_path_factory.mktemp("web")
    chosen = free_port()
    argv = [*web(host="127.0.0.1", port=chosen).argv[:-1], "tests.siteflow.broken_app:application"]
    variables = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "siteflow.settings",
        "SITEFLOW_DATA_DIR": str(folder),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "TRUSTED_PROXIES": "10.0.0.1",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(argv, cwd=PROJECT, env=variables, stdout=log, stderr=log)
    try:
        _wait_until_it_answers(chosen, folder / "log")
        yield chosen
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_it_answers(port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            return requests.get(f"http://127.0.0.1:{port}/api/health/live", timeout=5).close()
        except requests.RequestException:
            time.sleep(0.05)
    pytest.fail(log.read_text()[-3000:])


def say(port: int, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and all that comes until the connection ends or the body is complete."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S) as connection:
        connection.sendall(sent)
        answer = b""
        while not _is_whole(answer) and (piece := connection.recv(65536)):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.title(): value for name, _, value in (one.partition(": ") for one in lines)}
    return int(first.split()[1]), headers, body


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(length) and len(body) >= int(length[1])  # type: ignore[index]


def request(line: str = "GET /api/health/live HTTP/1.1", *headers: str, body: bytes = b"") -> bytes:
    head = [line, "Host: localhost", *headers]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


MANY_HEADERS: Final = [f"X-Filler-{number}: {'x' * 1000}" for number in range(20)]
CHUNK: Final = b"186A0\r\n" + b"x" * 100_000 + b"\r\n"
POST: Final = "POST /api/operations HTTP/1.1"
REFUSED: Final[dict[str, tuple[bytes, int, str]]] = {
    "no request": (b"nonsense\r\n\r\n", 400, "bad_request"),
    "a request line without version": (b"GET\r\n\r\n", 400, "bad_request"),
    "an endless request line": (b"GET /" + b"a" * 40_000, 431, "headers_too_large"),
    "an endless header": (b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000, 431, "headers_too_large"),
    "many headers": (request("GET / HTTP/1.1", *MANY_HEADERS), 431, "headers_too_large"),
    "no header": (b"GET / HTTP/1.1\r\nnonsense\r\n\r\n", 400, "bad_request"),
    "NUL in a header": (request("GET / HTTP/1.1", "X: a\x00b"), 400, "bad_request"),
    "two lengths": (request(POST, "Content-Length: 1", "Content-Length: 2"), 400, "bad_request"),
    "a length that is none": (request(POST, "Content-Length: -1"), 400, "bad_request"),
    "length and chunks": (
        request(POST, "Content-Length: 1", "Transfer-Encoding: chunked"), 400, "bad_request",
    ),
    "chunks that are none": (
        request(POST, "Transfer-Encoding: chunked", body=b"zz\r\n"), 400, "bad_request",
    ),
    "not ASCII in the path": (request("GET /api/\xff HTTP/1.1"), 400, "bad_request"),
    "not ASCII in the query": (request("GET /api/sites?a=\xff HTTP/1.1"), 400, "bad_request"),
    "NUL in the path": (request("GET /api/sites%00 HTTP/1.1"), 400, "bad_request"),
    "NUL in the query": (request("GET /api/sites?a=%00 HTTP/1.1"), 400, "bad_request"),
    "a long address": (request(f"GET /api/{'a' * 9000} HTTP/1.1"), 414, "address_too_long"),
    "another host": (b"GET /api/sites HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n", 400,
                     "bad_request"),
    "no host": (b"GET /api/sites HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "bad_request"),
    "a large body": (
        request(POST, "Content-Length: 1500000", body=b"x" * 1_500_000), 413, "too_large",
    ),
    "a large body in chunks": (
        request(POST, "Transfer-Encoding: chunked", body=CHUNK * 15 + b"0\r\n\r\n"),
        413, "too_large",
    ),
    "a body without end": (
        request(POST, "Transfer-Encoding: chunked", body=CHUNK * 101), 413, "too_large",
    ),
    "a mounting point of the caller's": (
        request("GET /x/api/nothing HTTP/1.1", "Daphne-Root-Path: /x", "Accept: application/json"),
        404, "not_found",
    ),
    "an application that fails": (request("GET /fails HTTP/1.1"), 500, "internal_error"),
    "nothing there": (request("GET /api/nothing HTTP/1.1"), 404, "not_found"),
    "no login": (request("GET /api/containers HTTP/1.1"), 401, "not_authenticated"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_has_one_shape(port: int, name: str) -> None:
    sent, expected, code = REFUSED[name]
    status, headers, body = say(port, sent)
    assert (status, headers["Content-Type"]) == (expected, "application/json"), body
    content = json.loads(body)
    assert set(content) == {"error", "status", "request_id", "timestamp"}
    assert content["error"]["code"] == code and content["error"]["message"]
    assert content["request_id"] == headers["X-Request-Id"]
    assert_safe(headers)


def assert_safe(headers: dict[str, Any]) -> None:
    found = {name.lower(): value for name, value in headers.items()}
    for name, value in ALWAYS.items():
        assert found[name.lower()] == value, name
    assert "default-src 'none'" in found["content-security-policy"]
    assert "unsafe" not in found["content-security-policy"]


def test_a_body_at_the_limit_is_read(port: int) -> None:
    sent = request(POST, "Content-Length: 1000000", body=b"x" * 1_000_000)
    assert say(port, sent)[0] == 401


def test_the_connection_lives_on_after_a_refused_body(port: int) -> None:
    with requests.Session() as session:
        large = session.post(f"http://127.0.0.1:{port}/api/operations", data=b"x" * 1_100_000)
        assert large.status_code == 413
        assert session.get(f"http://127.0.0.1:{port}/api/health/live").ok


def test_a_body_without_end_is_refused_once(port: int) -> None:
    """In small chunks, many of which come in one piece."""
    sent = request(POST, "Transfer-Encoding: chunked", body=b"400\r\n" + b"x" * 1024 + b"\r\n")
    endless = sent + (b"400\r\n" + b"x" * 1024 + b"\r\n") * 11_000
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S) as connection:
        with suppress(ConnectionError):
            connection.sendall(endless)
        with suppress(ConnectionError):
            while piece := connection.recv(65536):
                answer += piece
    assert answer.count(b"HTTP/1.1") <= 1
    assert requests.get(f"http://127.0.0.1:{port}/api/health/live", timeout=ANSWER_S).ok


def test_an_answer_that_breaks_is_cut_and_the_others_go_on(port: int) -> None:
    for _ in range(2):
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            requests.get(f"http://127.0.0.1:{port}/breaks", timeout=ANSWER_S)
    assert requests.get(f"http://127.0.0.1:{port}/api/health/live", timeout=ANSWER_S).ok


def test_a_strangers_word_on_the_scheme_counts_for_nothing(port: int) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.1"}
    address = f"http://127.0.0.1:{port}/api/health/live"
    answer = requests.get(address, headers=headers, timeout=ANSWER_S)
    assert answer.status_code == 200
    assert "Strict-Transport-Security" not in answer.headers


def test_a_refused_socket_has_the_headers_too(port: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(
            f"ws://127.0.0.1:{port}/api/ws", additional_headers={"Origin": "http://evil.example"}
        )
    assert refused.value.response.status_code == 403
    assert_safe(dict(refused.value.response.headers.raw_items()))


@pytest.mark.parametrize("bytes_sent", [MAX_FRAME_BYTES, MAX_FRAME_BYTES + 1])
def test_a_frame_that_is_too_large_ends_the_socket(port: int, bytes_sent: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/listens", close_timeout=1) as listening:
        listening.send("x" * bytes_sent)
        if bytes_sent <= MAX_FRAME_BYTES:
            listening.ping().wait(ANSWER_S)
        else:
            with pytest.raises(ConnectionClosed):
                listening.recv(ANSWER_S)


def poured(port: int) -> int:
    return int(requests.get(f"http://127.0.0.1:{port}/poured", timeout=ANSWER_S).text)


def test_a_slow_reader_is_waited_for_and_gets_everything(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/pours", max_size=None, max_queue=1) as slow:
        number = poured(port)
        while (more := poured(port)) > number or not more:  # until the buffers are full
            number = more
            time.sleep(0.2)  # nothing tells when a process writes no more
        assert number < POUR_MESSAGES // 2
        for expected in range(POUR_MESSAGES):
            assert slow.recv(ANSWER_S)[:4] == expected.to_bytes(4, "big")


def test_frames_sent_at_once_keep_their_order_and_wait_for_a_slow_reader(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/strews", max_size=None, max_queue=1) as slow:
        for expected in range(POUR_MESSAGES):
            assert int(str(slow.recv(ANSWER_S))[:4]) == expected


def test_a_client_is_not_read_faster_than_the_application_takes_it(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/deaf", close_timeout=0.1) as flooding:
        wire = flooding.socket
        wire.settimeout(3.0)
        frame = bytes([0x82, 0xFE]) + (60_000).to_bytes(2, "big") + bytes(4) + bytes(60_000)
        sent = 0
        with suppress(TimeoutError):
            while sent < 50_000_000:
                wire.sendall(frame)
                sent += len(frame)
        assert sent < 50_000_000
        wire.close()


def test_the_limits_are_those_of_the_supervisor() -> None:
    argv = web(host="127.0.0.1", port=1).argv
    for option in ("--websocket-max-frame-size", "--websocket-max-message-size"):
        assert argv[argv.index(option) + 1] == str(MAX_FRAME_BYTES) == "65536"
    assert argv[0] == sys.executable
