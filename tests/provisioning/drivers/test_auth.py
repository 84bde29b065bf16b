from __future__ import annotations

import socket
from typing import Literal

import pytest

from provisioning.drivers.auth import log_in
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.handshake import exchange_keys
from provisioning.drivers.keys import generate_ed25519, paramiko_key
from provisioning.drivers.target import Login
from tests.provisioning.drivers.servers import Gate, ssh_handler, tcp_server

HOST_KEY = paramiko_key(generate_ed25519("").private_text)
PASSWORD = "p@ss'w\"o$rd ü 🔑"
OWN_KEY = generate_ed25519("alice@siteflow").private_text


def enter(gate: Gate, kind: Literal["key", "password"], secret: str, timeout_s: float = 5) -> None:
    with tcp_server(ssh_handler(gate, HOST_KEY)) as port:
        deadline = Deadline(timeout_s)
        sock = socket.create_connection(("127.0.0.1", port))
        link = exchange_keys(sock, who="web1", pinned="", deadline=deadline)
        try:
            login = Login(kind, secret)
            log_in(link, who="web1", username="alice", login=login, deadline=deadline)
        finally:
            link.shut()


def refused(gate: Gate, kind: Literal["key", "password"], secret: str) -> DriverError:
    with pytest.raises(DriverError) as caught:
        enter(gate, kind, secret)
    assert secret not in str(caught.value)
    assert secret not in repr(caught.value)
    return caught.value


def test_password_arrives_as_it_is() -> None:
    gate = Gate(password=PASSWORD)
    enter(gate, "password", PASSWORD)
    assert gate.attempts == ["password"]


def test_a_wrong_password_is_tried_once() -> None:
    gate = Gate(password=PASSWORD)
    assert refused(gate, "password", "wrong-password").code == "login_refused"
    assert gate.attempts == ["password"]


def test_questions_are_never_answered() -> None:
    gate = Gate(methods="keyboard-interactive")
    error = refused(gate, "password", PASSWORD)
    assert error.code == "login_refused"
    assert "keyboard-interactive" not in gate.attempts


def test_a_refused_key_does_not_lead_to_other_attempts() -> None:
    gate = Gate(methods="publickey,password")
    assert refused(gate, "key", OWN_KEY).code == "login_refused"
    assert gate.attempts == ["publickey"]


def test_a_second_factor_is_not_a_login() -> None:
    error = refused(Gate(methods="password,publickey", password=PASSWORD), "password", PASSWORD)
    assert error.code == "login_refused"
    assert "second" in error.message


@pytest.mark.parametrize("text", ["no key at all", OWN_KEY[:200], ""])
def test_a_broken_key_is_not_sent(text: str) -> None:
    gate = Gate(methods="publickey")
    with pytest.raises(DriverError) as caught:
        enter(gate, "key", text)
    assert caught.value.code == "bad_credential"
    assert gate.attempts == []


def test_a_login_without_answer_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(password=PASSWORD)
    with pytest.raises(DriverError) as caught:
        monkeypatch.setattr("paramiko.auth_handler.AuthHandler._request_auth", lambda self: None)
        enter(gate, "password", PASSWORD, timeout_s=0.5)
    assert caught.value.code == "timeout"
