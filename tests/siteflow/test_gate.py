"""Forwarding headers count only when a known proxy sent them; over HTTP and over sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from siteflow.gate import MAX_BODY_BYTES, Gate, believed
from tests.siteflow.loops import in_loop

FORWARDED = [
    (b"x-forwarded-for", b"203.0.113.9"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-host", b"evil.example"),
    (b"x-forwarded-port", b"1"),
    (b"forwarded", b"for=203.0.113.9;proto=https"),
    (b"X-Forwarded-Proto", b"https"),
    (b"x-real-ip", b"203.0.113.9"),
]
OWN = [(b"host", b"localhost"), (b"x-request-id", b"12345678")]
PROXIES = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32", "::1"]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("peer", "is_believed"),
    [
        ("127.0.0.1", True),
        ("10.255.0.1", True),
        ("::ffff:10.0.0.1", True),  # as a socket of both families shows it
        ("2001:db8:1::5", True),
        ("::1", True),
        ("fe80::1%eth0", False),
        ("127.0.0.2", False),
        ("11.0.0.1", False),
        ("2001:db9::1", False),
        ("10.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_headers_of_strangers_are_taken_out(
    settings: Settings, kind: str, peer: str, is_believed: bool
) -> None:
    settings.TRUSTED_PROXIES = PROXIES
    scope = {"type": kind, "client": (peer, 4711), "headers": [*OWN, *FORWARDED]}
    assert believed(scope) == ([*OWN, *FORWARDED] if is_believed else OWN)


@pytest.mark.parametrize("client", [None, ("127.0.0.1", 1)])
def test_without_a_known_proxy_nobody_is_believed(settings: Settings, client: Any) -> None:
    settings.TRUSTED_PROXIES = []
    assert believed({"client": client, "headers": [*FORWARDED, *OWN]}) == OWN


@pytest.mark.parametrize("kind", ["http", "websocket"])
@in_loop
async def test_the_application_sees_only_what_is_believed(kind: str) -> None:
    seen: list[Any] = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen.append(scope["headers"])

    scope = {"type": kind, "path": "/", "client": ("192.0.2.1", 1), "headers": [*OWN, *FORWARDED]}
    await Gate(application)(scope, sender(), None)
    assert seen == [OWN]


# -- bodies, on any server --------------------------------------------------------------------


def sender(*messages: dict[str, Any]) -> Callable[[], Any]:
    waiting = [*messages, {"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    return receive


def chunk(size: int, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


async def passed(headers: list[tuple[bytes, bytes]], *messages: dict[str, Any]) -> tuple[int, int]:
    """The bytes an application got, and the status it is asked to refuse with."""
    got: list[tuple[int, int]] = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message["body"]), message.get("more_body", False)
        assert (await receive())["type"] == "http.disconnect"
        got.append((size, scope.get("siteflow.refused", 0)))

    scope = {"type": "http", "path": "/api/x", "query_string": b"", "headers": headers}
    await Gate(application)(scope, sender(*messages), None)
    return got[0]


@in_loop
async def test_a_body_up_to_the_limit_passes() -> None:
    halves = chunk(MAX_BODY_BYTES // 2), chunk(MAX_BODY_BYTES // 2, more=False)
    assert await passed([], *halves) == (MAX_BODY_BYTES, 0)
    announced = [(b"content-length", str(MAX_BODY_BYTES).encode())]
    assert await passed(announced, *halves) == (MAX_BODY_BYTES, 0)


@in_loop
async def test_a_body_that_was_announced_too_large_is_not_read() -> None:
    announced = [(b"content-length", str(MAX_BODY_BYTES + 1).encode())]
    assert await passed(announced, chunk(1), chunk(1, more=False)) == (0, 413)


@in_loop
async def test_a_body_that_grows_too_large_is_given_up() -> None:
    size, refused = await passed([], chunk(MAX_BODY_BYTES), chunk(1), chunk(1, more=False))
    assert (size, refused) == (MAX_BODY_BYTES, 413)
