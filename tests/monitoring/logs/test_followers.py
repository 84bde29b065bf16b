"""Followers of one log, in an event loop, over a log in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from monitoring.logs import shared as shared_module
from monitoring.logs.followers import Follower
from monitoring.logs.ring import Piece
from monitoring.logs.shared import SharedLog
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.fake_logs import FakeLog
from provisioning.drivers.log_cursors import Cursor
from provisioning.logs import following
from provisioning.logs.reading import Asked, Part, read_part

WAIT_S = 20.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "RETRY_S", (0.01,))
    monkeypatch.setattr(following, "LOOK_S", 0.01)
    monkeypatch.setattr(following, "SETTLED_S", 0.05)


class World:
    def __init__(self) -> None:
        self.host = FakeHost(containers=[fake_container("web")])
        self.log = self.host.followed["web"] = FakeLog()
        self.parts = 0

    @asynccontextmanager
    async def shared(self, **given: Any) -> AsyncIterator[SharedLog]:
        shared = SharedLog(lambda: self.host.docker, "web", 7, **given)
        try:
            yield shared
        finally:
            shared.close()
            async with asyncio.timeout(WAIT_S):
                while shared.reads:
                    await asyncio.sleep(0.01)  # the thread ends by itself

    async def read(self, asked: Asked) -> Part:
        self.parts += 1
        return await asyncio.to_thread(read_part, self.host.docker, "web", asked)

    def follow(self, shared: SharedLog, **asked: Any) -> Follower:
        return Follower(shared, Asked(**asked), self.read)


async def take(follower: Follower, enough: Callable[[list[Any]], bool]) -> list[Any]:
    """Texts, and what happened as its type, until it is enough."""
    found: list[Any] = []
    async with asyncio.timeout(WAIT_S):
        while not enough(found):
            for got in await follower.next():
                if isinstance(got, dict):
                    found.append(got)
                else:
                    lines = got.lines if isinstance(got, Piece) else got
                    found += [line.text for line in lines]
    return found


def texts(found: list[Any]) -> list[str]:
    return [each for each in found if isinstance(each, str)]


def is_live(found: list[Any]) -> bool:
    return {"type": "live"} in found


def last(text: str) -> Callable[[list[Any]], bool]:
    return lambda found: text in found


def run(work: Callable[[World], Awaitable[None]]) -> None:
    asyncio.run(work(World()))  # type: ignore[arg-type]


def test_the_last_lines_and_what_comes() -> None:
    async def work(world: World) -> None:
        world.log.write(*"abc")
        async with world.shared() as shared:
            follower = world.follow(shared, tail=2)
            assert await take(follower, is_live) == ["b", "c", {"type": "live"}]
            world.log.write("d")
            assert await take(follower, last("d")) == ["d"]
            assert world.parts == 0

    run(work)


def test_all_who_are_equally_far_get_the_same_message() -> None:
    async def work(world: World) -> None:
        async with world.shared() as shared:
            several = [world.follow(shared, tail=0) for _ in range(3)]
            for follower in several:
                await take(follower, is_live)
            world.log.write("x")
            got = [(await follower.next())[0] for follower in several]
            assert got[0] is got[1] is got[2] and isinstance(got[0], Piece)
            assert len(world.log.streams) == 1

    run(work)


@pytest.mark.parametrize("begin", [0, 40, 2_400])
def test_behind_a_line_wherever_it_is(begin: int) -> None:
    """In memory, or so far back that it is read for this one alone."""

    async def work(world: World) -> None:
        world.log.write(*(str(number) for number in range(2_500)))
        async with world.shared() as shared:
            follower = world.follow(shared, after=Cursor.of(world.log.lines[begin]))
            found = await take(follower, is_live)
            world.log.write("2500")
            found += await take(follower, last("2500"))
            assert texts(found) == [str(number) for number in range(begin + 1, 2_501)]
            assert (world.parts > 0) == (begin < 1_500)

    run(work)


def test_more_than_is_in_memory() -> None:
    async def work(world: World) -> None:
        world.log.write(*(str(number) for number in range(3_000)))
        async with world.shared() as shared:
            follower = world.follow(shared, tail=2_000)
            found = await take(follower, is_live)
            assert texts(found) == [str(number) for number in range(1_000, 3_000)]

    run(work)


def test_a_cut_while_it_is_followed() -> None:
    async def work(world: World) -> None:
        async with world.shared() as shared:
            follower = world.follow(shared, tail=0)
            await take(follower, is_live)
            found: list[Any] = []
            for number in range(30):
                world.log.write(str(number), at="2026-01-01T00:00:01.000000000Z")
                if number % 10 == 5:
                    world.log.cut()
            found += await take(follower, last("29"))
            assert texts(found) == [str(number) for number in range(30)]

    run(work)


def test_who_is_slower_than_others_is_told_what_it_missed() -> None:
    async def work(world: World) -> None:
        world.log.write("first")
        async with world.shared() as shared:
            quick, slow = world.follow(shared, tail=1), world.follow(shared, tail=1)
            await take(quick, is_live), await take(slow, is_live)
            shared.ring.max_bytes = 100_000
            for number in range(1_000):
                world.log.write(f"{number:05d}" + "x" * 1_000)
                if number % 20 == 19:
                    await take(quick, lambda found, n=number: any(  # type: ignore[misc]
                        text.startswith(f"{n:05d}") for text in texts(found)))  # fmt: skip
            skipped, *rest = await take(slow, lambda found: len(found) > 5)
            assert skipped["type"] == "skipped" and skipped["from"] == str(
                Cursor.of(world.log.lines[0])
            )
            missed = skipped["lines"]
            assert missed + len(texts(rest)) == 1_000
            part = await world.read(
                Asked(
                    tail=2_000,
                    after=Cursor.of(world.log.lines[0]),
                    until=Cursor.of(world.log.lines[missed]),
                )
            )
            assert len(part.lines) == missed and str(part.last) == skipped["to"]

    run(work)


def test_who_is_alone_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_module, "ROOM_BYTES", 50_000)

    async def work(world: World) -> None:
        async with world.shared() as shared:
            follower = world.follow(shared, tail=0)
            await take(follower, is_live)
            shared.ring.max_bytes = 400_000
            for number in range(2_000):
                world.log.write(f"{number:05d}" + "x" * 500)
            found = await take(follower, lambda found: any(
                text.startswith("01999") for text in texts(found)))  # fmt: skip
            assert len(texts(found)) == 2_000 and len(found) == 2_000

    run(work)


def test_a_container_that_stops_is_told() -> None:
    async def work(world: World) -> None:
        async with world.shared() as shared:
            follower = world.follow(shared, tail=0)
            await take(follower, is_live)
            world.host.docker.stop("web", grace_s=1)
            world.log.end()
            (stopped,) = await take(follower, bool)
            assert (stopped["type"], stopped["state"]) == ("stopped", "exited")
            world.log.write("again")
            world.host.docker.start("web")
            assert await take(follower, last("again")) == [{"type": "started"}, "again"]

    run(work)


def test_a_container_that_is_gone_is_told() -> None:
    async def work(world: World) -> None:
        del world.host.containers["web"]
        async with world.shared() as shared:
            follower = world.follow(shared, tail=1)
            (gone,) = (await take(follower, bool))[:1]
            assert gone["type"] == "gone"

    run(work)
