from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest

from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.tcp import connect_tcp
from tests.provisioning.drivers.servers import free_port, tcp_server, until_closed


def connect(address: str, port: int, timeout_s: float = 5.0) -> socket.socket:
    who = f"web1 ({address}:{port})"
    return connect_tcp(who=who, address=address, port=port, deadline=Deadline(timeout_s))


def test_connects_without_nagle() -> None:
    with tcp_server(until_closed) as port, connect("127.0.0.1", port) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_refused_names_host_and_port() -> None:
    port = free_port()
    with pytest.raises(DriverError) as caught:
        connect("127.0.0.1", port)
    assert caught.value.code == "refused"
    assert caught.value.message == f"web1 (127.0.0.1:{port}): connection refused"


def test_no_answer_ends_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        # With its queue full, the kernel drops further attempts as a black hole does.
        with connect("127.0.0.1", port):
            started = time.monotonic()
            with pytest.raises(DriverError) as caught:
                connect("127.0.0.1", port, timeout_s=0.3)
    assert caught.value.code == "unreachable"
    assert time.monotonic() - started < 2


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the name service answers, by name: a list of ports on 127.0.0.1 or an exception."""
    real = socket.getaddrinfo
    answers: dict[str, Any] = {}

    def ask(host: str, port: int | None, *args: Any, **kwargs: Any) -> Any:
        answer = answers.get(host)
        if answer is None:
            return real(host, port, *args, **kwargs)
        if kwargs.get("flags"):
            raise socket.gaierror(socket.EAI_NONAME, "not numeric")
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, threading.Event):
            answer.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "later")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", p)) for p in answer]

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    return answers


@pytest.mark.parametrize(
    "failure",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        UnicodeError("label too long"),
    ],
)
def test_unknown_name(names: dict[str, Any], failure: Exception) -> None:
    names["no-such-host"] = failure
    with pytest.raises(DriverError) as caught:
        connect("no-such-host", 22)
    assert caught.value.code == "name_unknown"
    assert caught.value.message.startswith("web1 (no-such-host:22): the name cannot be resolved")


def test_a_hanging_name_service_ends_at_the_deadline(names: dict[str, Any]) -> None:
    names["slow-host"] = released = threading.Event()
    started = time.monotonic()
    with pytest.raises(DriverError) as caught:
        connect("slow-host", 22, timeout_s=0.2)
    released.set()
    assert caught.value.code == "name_unknown"
    assert time.monotonic() - started < 2


def test_the_next_address_is_tried(names: dict[str, Any]) -> None:
    with tcp_server(until_closed) as port:
        names["two-addresses"] = [free_port(), port]
        with connect("two-addresses", port) as sock:
            assert sock.getpeername()[1] == port
