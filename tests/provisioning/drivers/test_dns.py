from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest

from provisioning.drivers.dns import DnsAnswer, look_up
from tests.lab.command import wait_until


def answers(
    monkeypatch: pytest.MonkeyPatch, *addresses: str, error: Exception | None = None
) -> None:
    def getaddrinfo(name: str, port: Any, **given: Any) -> list[Any]:
        if error:
            raise error
        return [(socket.AF_INET, 1, 6, "", (one, 0)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_both_kinds_of_addresses_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "2001:db8::1", "192.0.2.9", "192.0.2.7", "192.0.2.9")
    found = look_up(["a.example.com"], timeout_s=5)["a.example.com"]
    assert found == DnsAnswer(("192.0.2.7", "192.0.2.9", "2001:db8::1"))


def test_hundreds_of_addresses_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, *(f"192.0.2.{number}" for number in range(200)))
    assert len(look_up(["a.example.com"], timeout_s=5)["a.example.com"].addresses) == 16


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (socket.gaierror(socket.EAI_NONAME, "no"), ""),
        (socket.gaierror(socket.EAI_AGAIN, "later"), "the name server gave no answer"),
        (OSError("broken"), "the name could not be looked up"),
    ],
)
def test_no_such_name_is_an_answer_and_silence_is_none(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    answers(monkeypatch, error=error)
    assert look_up(["a.example.com"], timeout_s=5) == {"a.example.com": DnsAnswer(error=told)}


def test_a_resolver_that_hangs_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, ended = threading.Event(), threading.Semaphore(0)

    def getaddrinfo(name: str, port: Any, **given: Any) -> list[Any]:
        go_on.wait(30)
        ended.release()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    began = time.monotonic()
    found = look_up([f"n{number}.example.com" for number in range(40)], timeout_s=0.3)
    assert time.monotonic() - began < 5 and len(found) == 40
    assert {one.error for one in found.values()} == {
        "no answer within 0.3 s", "too many names are being looked up",
    }  # fmt: skip
    go_on.set()
    wait_until(lambda: all(ended.acquire(timeout=1) for _ in range(16)), what="they end")
