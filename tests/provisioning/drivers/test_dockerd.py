from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.drivers.dockerd import Dockerd
from tests.provisioning.drivers.docker_double import Double, engine, fails, http
from tests.provisioning.drivers.servers import unix_server, until_closed

ID = "ab" * 32
ROW = {"Id": ID, "Names": ["/web"], "Image": "nginx", "State": "running", "Status": "Up"}


def test_listing_needs_one_connection_and_one_question_more(
    docker: Dockerd, double: Double
) -> None:
    double.say("/containers/json", http(200, [ROW]))
    for _ in range(3):
        assert [container.name for container in docker.containers()] == ["web"]
    listing = "GET /v1.41/containers/json?limit=-1&all=1&size=0&trunc_cmd=0"
    assert double.requests == ["GET /version", *[listing] * 3]
    assert double.connections == 1


@pytest.mark.parametrize(
    ("newest", "oldest", "used"),
    [("1.41", "1.12", "1.41"), ("1.47", "1.24", "1.41"), ("1.52", "1.44", "1.44")],
)
def test_the_version_agreed_on(
    docker: Dockerd, double: Double, newest: str, oldest: str, used: str
) -> None:
    double.version = http(200, {"ApiVersion": newest, "MinAPIVersion": oldest})
    double.say("/info", http(200, {}))
    docker.info()
    assert double.requests[-1] == f"GET /v{used}/info"


@pytest.mark.parametrize(
    ("version", "code"),
    [
        ({"ApiVersion": "1.40"}, "docker_error"),
        ({"ApiVersion": "1.41/../.."}, "garbage"),
        ({}, "garbage"),
        ([], "garbage"),
        ({"ApiVersion": "1.47", "MinAPIVersion": 7}, "garbage"),
    ],
)
def test_engines_that_are_too_old_or_none(
    docker: Dockerd, double: Double, version: object, code: str
) -> None:
    double.version = http(200, version)
    assert fails(docker.containers).code == code


def test_actions(docker: Dockerd, double: Double) -> None:
    for call in ("start", "stop", "restart", "kill", "pause", "unpause"):
        double.say(f"/web/{call}", http(204, b""))
    double.say("/containers/web", http(204, b""))
    docker.start("web")
    docker.stop("web", grace_s=7)
    docker.restart("web", grace_s=8)
    docker.kill("web", signal="SIGHUP")
    docker.pause("web")
    docker.unpause("web")
    docker.remove("web", force=True)
    assert double.requests[1:] == [
        "POST /v1.41/containers/web/start",
        "POST /v1.41/containers/web/stop?t=7",
        "POST /v1.41/containers/web/restart?t=8",
        "POST /v1.41/containers/web/kill?signal=SIGHUP",
        "POST /v1.41/containers/web/pause",
        "POST /v1.41/containers/web/unpause",
        "DELETE /v1.41/containers/web?v=False&link=False&force=True",
    ]


def test_what_is_so_already_is_a_success(docker: Dockerd, double: Double) -> None:
    double.say("/web/stop", b"HTTP/1.1 304 Not Modified\r\n\r\n")
    double.say("/web/start", b"HTTP/1.1 304 Not Modified\r\n\r\n")
    docker.stop("web", grace_s=1)
    docker.start("web")


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (404, "No such container: web", "not_found"),
        (409, "Container is not running", "conflict"),
        (500, "Container ab is not paused", "conflict"),
        (500, "write /var/lib/docker/x: no space left on device", "disk_full"),
        (500, "driver failed programming: port is already allocated", "port_taken"),
        (403, "authorization denied by plugin", "docker_error"),
    ],
)
def test_refusals(docker: Dockerd, double: Double, status: int, message: str, code: str) -> None:
    double.say("/web/start", http(status, {"message": message}))
    error = fails(lambda: docker.start("web"))
    assert error.code == code
    assert error.message == f"web1: starting web failed: {message}"


def test_the_engines_words_are_made_harmless(docker: Dockerd, double: Double) -> None:
    double.say("/web/start", http(500, {"message": "\x1b[2J\r\nfake: line " + "x" * 100_000}))
    message = fails(lambda: docker.start("web")).message
    assert "\x1b" not in message
    assert "\n" not in message
    assert len(message) < 560


@pytest.mark.parametrize("docker_id", ["../images/json", "a/b", "", "a?b", "-x", "a\n", "ü", "a b"])
def test_an_id_cannot_lead_elsewhere(docker: Dockerd, double: Double, docker_id: str) -> None:
    assert fails(lambda: docker.remove(docker_id, force=True)).code == "not_found"
    assert fails(lambda: docker.container(docker_id)).code == "not_found"
    assert double.requests == []


def test_a_signal_is_a_signal(docker: Dockerd) -> None:
    assert fails(lambda: docker.kill("web", signal="TERM&x=1")).code == "bad_argument"


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail.example ESMTP\r\n",
        b"\x00\x01\x02\x03" * 100 + b"\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        http(200, b"not json"),
        http(200, b"\xff\xfe\x00"),
        http(200, b"[" * 200_000),
        http(200, {"not": "a list"}),
        http(200, [{"Id": 7}]),
        http(200, [[]]),
        http(200, b""),
        http(302, b"", "Location: http://169.254.169.254/latest/meta-data"),
        http(307, b"", "Location: /v1.41/info"),
        http(200, b"\x1f\x8b", "Content-Encoding: gzip"),
        http(500, ["a", "list"]),
    ],
)
def test_garbage(docker: Dockerd, double: Double, answer: bytes) -> None:
    double.say("/containers/json", lambda connection: connection.sendall(answer))
    error = fails(docker.containers)
    assert error.code in {"garbage", "docker_error"}
    double.say("/containers/json", http(200, [ROW]))
    assert len(docker.containers()) == 1


def test_a_cut_answer_is_a_lost_connection(docker: Dockerd, double: Double) -> None:
    whole = http(200, [ROW])
    double.say("/containers/json", lambda connection: connection.sendall(whole[:-20]))
    assert fails(docker.containers).code in {"link_lost", "garbage"}


def test_an_answer_without_end_is_cut(
    docker: Dockerd, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.drivers.docker_transport.MAX_BODY_BYTES", 1024 * 1024)

    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    double.say("/containers/json", flood)
    for _ in range(5):  # more often than there are streams: each one must come back
        assert fails(docker.containers).code == "output_too_large"


def test_silence_and_dripping_end_at_the_deadline(double: Double, tmp_path: Path) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not stopped.wait(0.05):
            connection.sendall(b" ")

    stopped = threading.Event()
    with unix_server(tmp_path / "docker.sock", double) as path:
        docker = engine(path, timeout_s=0.5)
        for answer in (until_closed, drip):
            double.say("/containers/json", answer)
            started = time.monotonic()
            assert fails(docker.containers).code == "timeout"
            assert time.monotonic() - started < 2
        stopped.set()
        docker.close()


def test_stopping_may_take_its_grace(double: Double, tmp_path: Path) -> None:
    def late(connection: socket.socket) -> None:
        threading.Event().wait(0.8)
        connection.sendall(http(204, b""))

    double.say("/web/stop", late)
    double.say("/web/pause", late)
    with unix_server(tmp_path / "docker.sock", double) as path:
        engine(path, timeout_s=0.3).stop("web", grace_s=1)
        # On a stream of its own: the double hangs up after such an answer.
        docker = engine(path, timeout_s=0.3)
        assert fails(lambda: docker.pause("web")).code == "timeout"
        docker.close()


def hang_up_after(answer: bytes, gone: threading.Event) -> Callable[[socket.socket], None]:
    def hang_up(connection: socket.socket) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)
        gone.set()

    return hang_up


def test_a_stale_stream_is_replaced_for_reading(docker: Dockerd, double: Double) -> None:
    double.say("/containers/json", http(200, [ROW]), lambda connection: None, http(200, [ROW]))
    docker.containers()
    assert len(docker.containers()) == 1
    assert [request for request in double.requests if "json" in request] == (
        [double.requests[1]] * 3
    )


def test_an_action_is_never_sent_twice(docker: Dockerd, double: Double) -> None:
    docker.version()
    double.say("/web/restart", lambda connection: None)
    docker._api()
    error = fails(lambda: docker.restart("web", grace_s=1))
    assert error.code == "link_lost"
    assert sum("restart" in request for request in double.requests) == 1


def test_a_stream_that_ended_meanwhile_does_not_fail_an_action(
    docker: Dockerd, double: Double
) -> None:
    gone = threading.Event()
    double.say("/containers/json", hang_up_after(http(200, [ROW]), gone))
    double.say("/web/start", http(204, b""))
    docker.containers()
    assert gone.wait(10)
    docker.start("web")
    assert double.connections == 2


def test_an_answer_nobody_asked_for_is_not_taken_for_the_next(
    docker: Dockerd, double: Double
) -> None:
    double.say("/containers/json", http(200, [ROW]) + http(200, [ROW | {"Names": ["/evil"]}]))
    docker.containers()
    assert docker.containers()[0].name == "web"
    assert docker.containers()[0].name == "web"


def test_waiting_for_a_stream_has_a_deadline(double: Double, tmp_path: Path) -> None:
    double.say("/containers/json", until_closed)
    with unix_server(tmp_path / "docker.sock", double) as path:
        docker = engine(path, timeout_s=0.6, streams=1)
        docker._api()
        first = threading.Thread(target=lambda: fails(docker.containers))
        first.start()
        assert fails(docker.containers).code in {"busy", "timeout"}
        first.join()
        docker.close()


def test_no_docker_at_all(tmp_path: Path) -> None:
    missing = engine(tmp_path / "nothing.sock")
    assert fails(missing.containers).code == "docker_missing"
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "dead.sock"))
    dead.close()
    assert fails(engine(tmp_path / "dead.sock").containers).code == "docker_down"


def test_cookies_are_not_kept(docker: Dockerd, double: Double) -> None:
    double.say("/info", http(200, {}, "Set-Cookie: a=b"))
    docker.info()
    assert len(docker._client.cookies) == 0
