from __future__ import annotations

import socket
import time

import pytest

from provisioning.drivers.fake import FakeHost
from provisioning.drivers.fake_web import FakeAnswer, FakeRequest
from provisioning.drivers.served_certificates import served_chain
from tests.provisioning.certificates.making import Made, made
from tests.provisioning.drivers.servers import tcp_server
from tests.provisioning.drivers.test_host_files import fails, local

NAME = "shop.example.com"


def never(request: FakeRequest) -> FakeAnswer:
    raise AssertionError("a handshake asks for no page")


def serving(*chain: Made, port: int = 443) -> FakeHost:
    host = FakeHost()
    host.serve(port, never, pem=chain[0].key_pem + b"".join(one.pem for one in chain))
    return host


@pytest.mark.parametrize("key", ["ec", "rsa"])
def test_the_whole_chain_as_it_was_sent(key: str) -> None:
    root = made(subject="Own authority")
    leaf = made(NAME, by=root, key=key)
    assert served_chain(serving(leaf, root), NAME) == (leaf.der, root.der)


def test_at_another_port() -> None:
    leaf = made(NAME)
    assert served_chain(serving(leaf, port=8443), NAME, port=8443) == (leaf.der,)


def test_a_chain_longer_than_anybody_needs_is_refused() -> None:
    huge = made(NAME, *(f"{number}.{'x' * 60}.example.com" for number in range(1500)))
    assert len(huge.der) > 100_000
    fails(lambda: served_chain(serving(huge), NAME), "tls_failed")


def test_nobody_there() -> None:
    fails(lambda: served_chain(FakeHost(), NAME), "port_closed")


def test_who_does_not_speak_tls() -> None:
    with tcp_server(lambda one: one.sendall(b"HTTP/1.1 400 no\r\n\r\n")) as port:
        fails(lambda: served_chain(local(), NAME, port=port, timeout_s=5), "tls_failed")


def test_who_says_nothing_is_waited_for_only_so_long() -> None:
    began = time.monotonic()
    with tcp_server(listens) as port:
        fails(lambda: served_chain(local(), NAME, port=port, timeout_s=0.3), "timeout")
    assert time.monotonic() - began < 5


def listens(connection: socket.socket) -> None:
    """Until the other side goes away."""
    connection.settimeout(10)
    while connection.recv(9999):
        pass
