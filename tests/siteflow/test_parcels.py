from __future__ import annotations

import asyncio

import pytest
from websockets.server import ServerProtocol

from siteflow.parcels import Parcel, begun
from tests.siteflow.loops import in_loop


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536, 100_000])
def test_a_frame_is_what_a_websocket_server_sends(length: int) -> None:
    text = "é" * (length // 2) + "x" * (length % 2)
    server = ServerProtocol()
    server.state = server.state.OPEN
    server.send_text(text.encode())
    assert Parcel(text).frame == b"".join(server.data_to_send())


def test_a_frame_is_made_once() -> None:
    parcel = Parcel("shop")
    assert parcel.frame is parcel.frame
    assert parcel.text == "shop"


async def _passes(gates: list[asyncio.Event], passed: list[int]) -> None:
    for number, gate in enumerate(gates):
        await gate.wait()
        passed.append(number)


@in_loop
async def test_what_needs_no_waiting_is_done_at_once() -> None:
    gates, passed = [asyncio.Event(), asyncio.Event()], list[int]()
    for gate in gates:
        gate.set()
    assert begun(_passes(gates, passed)) is None
    assert passed == [0, 1]


@in_loop
async def test_the_rest_is_done_once_it_is_awaited() -> None:
    gates, passed = [asyncio.Event() for _ in range(3)], list[int]()
    gates[0].set()
    rest = begun(_passes(gates, passed))
    assert rest is not None and passed == [0]
    finishing = asyncio.ensure_future(_awaited(rest))
    for gate in gates[1:]:
        await asyncio.sleep(0)  # so that it waits for this one
        gate.set()
    await finishing
    assert passed == [0, 1, 2]


async def _awaited(rest: object) -> None:
    await rest  # type: ignore[misc]


@in_loop
async def test_the_rest_can_be_cancelled_and_fail() -> None:
    gate, passed = asyncio.Event(), list[int]()
    rest = begun(_passes([gate], passed))
    finishing = asyncio.ensure_future(_awaited(rest))
    await asyncio.sleep(0)
    finishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await finishing
    gate.set()
    await asyncio.sleep(0)  # nobody waits any more who could pass it
    assert passed == []

    async def fails() -> None:
        await asyncio.sleep(0)
        raise ConnectionError("gone")

    rest = begun(fails())
    assert rest is not None
    with pytest.raises(ConnectionError, match="gone"):
        await rest


@in_loop
async def test_what_fails_at_once_fails_here() -> None:
    async def fails() -> None:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        begun(fails())
