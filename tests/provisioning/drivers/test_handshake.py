from __future__ import annotations

import socket
import struct
import threading
import time

import paramiko
import pytest

from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.handshake import exchange_keys
from provisioning.drivers.hostkeys import offered_key
from provisioning.drivers.keys import fingerprint, generate_ed25519, paramiko_key
from provisioning.drivers.link import public_line
from tests.provisioning.drivers.servers import (
    Gate,
    Handler,
    ssh_handler,
    tcp_server,
    until_closed,
)

ED25519 = paramiko_key(generate_ed25519("").private_text)
OTHER = paramiko_key(generate_ed25519("").private_text)
RSA = paramiko.RSAKey.generate(2048)
ECDSA = paramiko.ECDSAKey.generate()


def look(handler: Handler, *, pinned: str = "", timeout_s: float = 5.0) -> str:
    """The key a server shows; with ``pinned`` it must be that one."""
    with tcp_server(handler) as port:
        sock = socket.create_connection(("127.0.0.1", port))
        deadline = Deadline(timeout_s)
        link = exchange_keys(sock, who="web1 (10.0.0.1:22)", pinned=pinned, deadline=deadline)
        try:
            return public_line(link.host_key)
        finally:
            link.shut()


def fails(handler: Handler, *, pinned: str = "", timeout_s: float = 5.0) -> DriverError:
    with pytest.raises(DriverError) as caught:
        look(handler, pinned=pinned, timeout_s=timeout_s)
    assert caught.value.message.startswith("web1 (10.0.0.1:22): ")
    return caught.value


def saying(data: bytes) -> Handler:
    def handle(connection: socket.socket) -> None:
        connection.sendall(data)
        until_closed(connection)

    return handle


def closing(data: bytes) -> Handler:
    return lambda connection: connection.sendall(data)


def test_shows_the_key() -> None:
    assert look(ssh_handler(Gate(), ED25519)) == public_line(ED25519)


def test_prefers_ed25519_then_ecdsa() -> None:
    assert look(ssh_handler(Gate(), RSA, ECDSA, ED25519)) == public_line(ED25519)
    assert look(ssh_handler(Gate(), RSA, ECDSA)) == public_line(ECDSA)
    assert look(ssh_handler(Gate(), RSA)) == public_line(RSA)


@pytest.mark.parametrize("key", [RSA, ECDSA, ED25519])
def test_a_server_with_several_keys_is_not_a_changed_one(key: paramiko.PKey) -> None:
    handler = ssh_handler(Gate(), RSA, ECDSA, ED25519)
    assert look(handler, pinned=public_line(key) + " a comment") == public_line(key)


def test_offered_key_asks_for_the_pinned_type_first() -> None:
    gate = Gate()
    with tcp_server(ssh_handler(gate, RSA, ED25519)) as port:
        assert offered_key("127.0.0.1", port) == public_line(ED25519)
        assert offered_key("127.0.0.1", port, pinned=public_line(RSA)) == public_line(RSA)
        assert offered_key("127.0.0.1", port, pinned=public_line(ECDSA)) == public_line(ED25519)
    assert gate.attempts == []


def test_another_key_is_told_before_any_login() -> None:
    gate = Gate()
    error = fails(ssh_handler(gate, OTHER), pinned=public_line(ED25519))
    assert error.code == "host_key_changed"
    assert fingerprint(public_line(ED25519)) in error.message
    assert fingerprint(public_line(OTHER)) in error.message
    assert gate.attempts == []


def test_the_pinned_type_no_longer_offered_is_a_changed_key() -> None:
    error = fails(ssh_handler(Gate(), RSA), pinned=public_line(ED25519))
    assert error.code == "host_key_changed"


@pytest.mark.parametrize(
    ("offer", "pinned"),
    [
        ({"kex": ("diffie-hellman-group1-sha1",)}, ""),
        ({"ciphers": ("arcfour",)}, public_line(ED25519)),
    ],
)
def test_only_unsafe_algorithms(offer: dict[str, tuple[str, ...]], pinned: str) -> None:
    error = fails(ssh_handler(Gate(), ED25519, **offer), pinned=pinned)
    assert error.code == "incompatible"


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (closing(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n"), "not_ssh"),
        (saying(b"220 mail.example ESMTP\r\n"), "not_ssh"),
        (saying(b"\x4a\x00\x00\x00\x0a8.0.36\x00\xff\xfe"), "not_ssh"),
        (saying(b"x" * 200_000), "not_ssh"),
        (closing(b""), "link_lost"),
        (closing(b"Exceeded MaxStartups\r\n"), "busy"),
        (saying(b""), "timeout"),
        (saying(b"SSH-2.0-Frozen\r\n"), "timeout"),
        (closing(b"SSH-2.0-Gone\r\n"), "link_lost"),
        (saying(b"SSH-1.5-Old\r\n"), "incompatible"),
        (saying(b"SSH-2.0-Evil\r\n" + struct.pack(">I", 2**31) + b"x" * 64), "garbage"),
        (saying(b"SSH-2.0-Evil\r\n" + struct.pack(">IB", 28, 4) + b"\xff" * 60), "garbage"),
    ],
)
def test_what_answers_is_told_apart(handler: Handler, code: str) -> None:
    started = time.monotonic()
    assert fails(handler, timeout_s=1.0).code == code
    assert time.monotonic() - started < 4


def test_what_a_stranger_says_is_made_harmless() -> None:
    error = fails(closing(b"\x1b[2Jhello\x00\x07 world\r\n"))
    assert error.message.endswith("it says: [2Jhello world")


def test_nothing_is_left_of_a_failed_attempt() -> None:
    before = threading.active_count()
    for _ in range(5):
        fails(closing(b"220 mail\r\n"))
        fails(ssh_handler(Gate(), OTHER), pinned=public_line(ED25519))
    assert threading.active_count() == before
