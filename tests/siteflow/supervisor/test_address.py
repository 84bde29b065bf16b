from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from siteflow.supervisor.address import Address, AddressTaken


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def answering(listener: socket.socket, answer: bytes) -> threading.Thread:
    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_a_free_port_is_free(listener: socket.socket) -> None:
    port = port_of(listener)
    listener.close()
    Address("127.0.0.1", port).check_free()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])  # noqa: S104
def test_who_has_a_taken_port_is_named(listener: socket.socket, host: str) -> None:
    with pytest.raises(AddressTaken) as caught:
        Address(host, port_of(listener)).check_free()
    assert f"{host}:{port_of(listener)} is taken by process {os.getpid()} (" in str(caught.value)


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("192.0.2.1", "Cannot listen on 192.0.2.1:8000: Cannot assign requested address"),
        ("no.such.host.invalid", "'no.such.host.invalid' is no address of this machine"),
    ],
)
def test_a_host_that_is_not_ours(host: str, words: str) -> None:
    with pytest.raises(AddressTaken, match=words):
        Address(host, 8000).check_free()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/"),
        ("0.0.0.0", "http://127.0.0.1:8000/"),  # noqa: S104
        ("::", "http://[::1]:8000/"),
        ("console.example.com", "http://console.example.com:8000/"),
    ],
)
def test_the_address_to_open_in_a_browser(host: str, url: str) -> None:
    assert Address(host, 8000).url == url


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", True),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", False),
        (b"SSH-2.0-OpenSSH_9.2\r\n", False),
        (b"", False),
    ],
)
def test_what_counts_as_an_answer(listener: socket.socket, answer: bytes, counts: bool) -> None:
    thread = answering(listener, answer)
    assert Address("127.0.0.1", port_of(listener)).answers() is counts
    thread.join()


def test_nobody_there_and_nobody_home(listener: socket.socket) -> None:
    assert not Address("127.0.0.1", port_of(listener)).answers()  # accepts, never answers
    listener.close()
    assert not Address("127.0.0.1", port_of_closed()).answers()


def port_of_closed() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return port_of(server)
