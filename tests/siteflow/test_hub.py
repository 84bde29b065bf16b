from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from siteflow.feed import FeedLayer
from siteflow.hub import Client, Hub, hub_of_this_loop
from siteflow.parcels import Parcel
from siteflow.redis_feed import RedisFeedLayer
from sites import live
from tests.layers import layer_in_place
from tests.siteflow.loops import in_loop, until
from tests.siteflow.redis_server import RedisServer


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(params=["feed", pytest.param("redis", marks=pytest.mark.lab)])
def layer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made: Any
    if request.param == "redis":
        made = redis_layer(request.getfixturevalue("redis_server"))
    else:
        made = FeedLayer(path=tmp_path / "feed.sqlite3", bus=tmp_path / "bus", poll_s=0.05)
    with installed(made):
        yield made


def redis_layer(server: RedisServer) -> RedisFeedLayer:
    return RedisFeedLayer(hosts=[{"address": server.url, "socket_timeout": None}])


@contextmanager
def installed(layer: Any) -> Iterator[None]:
    """As the project's layer; the publisher's thread ends with it, and so do its connections."""
    with layer_in_place(layer):
        live._publisher = live.Publisher()
        try:
            yield
        finally:
            live._publisher.stop(timeout_s=5)
            live._publisher = live.Publisher()


def everyone(limit: int = 256) -> Client:
    return Client(sees=lambda scope: True, limit=limit)


async def next_of(client: Client) -> str | None:
    async with asyncio.timeout(10):
        return await client.next()


async def closed(hub: Hub, layer: Any) -> None:
    await hub.close()
    await layer.flush()


@in_loop
async def test_a_client_gets_what_is_published_on_its_topics(layer: Any) -> None:
    hub, alice, bob = Hub(), everyone(), everyone()
    await hub.subscribe(["containers"], alice)
    await hub.subscribe(["hosts"], bob)
    live.publish(["containers"], {"id": 1})
    live.publish(["hosts"], {"id": 2})
    assert await next_of(alice) == '{"id":1}'
    assert await next_of(bob) == '{"id":2}'
    await closed(hub, layer)


@in_loop
async def test_two_topics_of_one_message_are_one_delivery(layer: Any) -> None:
    hub, alice = Hub(), everyone()
    await hub.subscribe(["containers", "containers.3"], alice)
    live.publish(["containers", "containers.3"], {"id": 1})
    live.publish(["containers.3"], {"id": 2})
    assert [await next_of(alice), await next_of(alice)] == ['{"id":1}', '{"id":2}']
    await closed(hub, layer)


@in_loop
async def test_nothing_after_unsubscribing_or_leaving(layer: Any) -> None:
    hub, alice, bob, charlie = Hub(), everyone(), everyone(), everyone()
    for client in (alice, bob, charlie):
        await hub.subscribe(["a", "b"], client)
    hub.unsubscribe(["a"], alice)
    hub.remove(bob)
    live.publish(["a"], {"id": 1})
    live.publish(["b"], {"id": 2})
    assert await next_of(alice) == '{"id":2}'
    assert [await next_of(charlie), await next_of(charlie)] == ['{"id":1}', '{"id":2}']
    bob.put("still here")
    assert await next_of(bob) == "still here"
    await closed(hub, layer)


def about(host: int) -> live.Scope:
    return {"permission": "sites.view_host", "host": host}


@in_loop
async def test_who_may_not_see_the_scope_does_not_get_it(layer: Any) -> None:
    def broken(scope: Any) -> bool:
        raise KeyError("host")

    hub, alice, bob = Hub(), everyone(), Client(sees=lambda scope: scope["host"] == 3)
    charlie = Client(sees=broken)
    for client in (alice, bob, charlie):
        await hub.subscribe(["containers"], client)
    live.publish(["containers"], {"id": 1}, scope=about(4))
    live.publish(["containers"], {"id": 2}, scope=about(3))
    live.publish(["containers"], {"id": 3})
    assert [await next_of(alice) for _ in range(3)] == ['{"id":1}', '{"id":2}', '{"id":3}']
    assert [await next_of(bob) for _ in range(2)] == ['{"id":2}', '{"id":3}']
    assert await next_of(charlie) == '{"id":3}'
    await closed(hub, layer)


@in_loop
async def test_a_slow_client_is_told_and_the_others_miss_nothing(layer: Any) -> None:
    hub, slow, quick = Hub(), everyone(limit=10), everyone()
    for client in (slow, quick):
        await hub.subscribe(["t"], client)
    for number in range(50):
        live.publish(["t"], {"n": number})
    assert [await next_of(quick) for _ in range(50)] == [f'{{"n":{n}}}' for n in range(50)]
    assert slow.behind
    assert await next_of(slow) is None  # here the consumer sends a snapshot
    assert not slow.behind
    live.publish(["t"], {"n": "after"})
    texts = [await next_of(slow)]
    while texts[-1] != '{"n":"after"}':
        texts.append(await next_of(slow))
    assert len(texts) <= 11 and None not in texts
    await closed(hub, layer)


class Outlet:
    """What a server would be: takes what it is given unless it is full."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.frames: list[bytes] = []
        self.full = self.broken = False
        self.client = Client(sees=lambda scope: True, write=self.write)

    def write(self, parcel: Parcel) -> bool:
        if self.broken:
            raise ConnectionError
        if not self.full:
            self.sent.append(parcel.text)
            self.frames.append(parcel.frame)
        return not self.full


@in_loop
async def test_what_can_be_sent_at_once_is_and_made_once(layer: Any) -> None:
    hub, first, second = Hub(), Outlet(), Outlet()
    for outlet in (first, second):
        await hub.subscribe(["t"], outlet.client)
    live.publish(["t"], {"n": 1})
    await until(lambda: bool(second.sent))
    assert first.sent == second.sent == ['{"n":1}']
    assert first.frames[0] is second.frames[0]
    await closed(hub, layer)


@in_loop
async def test_a_full_or_broken_client_holds_up_nobody(layer: Any) -> None:
    hub, full, broken, well = Hub(), Outlet(), Outlet(), Outlet()
    full.full, broken.broken = True, True
    for outlet in (full, broken, well):
        await hub.subscribe(["t"], outlet.client)
    for number in range(3):
        live.publish(["t"], {"n": number})
    await until(lambda: len(well.sent) == 3)
    assert [await next_of(full.client) for _ in range(3)] == well.sent
    assert [await next_of(broken.client) for _ in range(3)] == well.sent
    await closed(hub, layer)


def test_nothing_overtakes_what_waits_or_is_being_sent() -> None:
    async def play() -> None:
        outlet = Outlet()
        outlet.full = True
        outlet.client.put("first")
        outlet.full = False
        outlet.client.put("second")
        assert await next_of(outlet.client) == "first"
        assert await next_of(outlet.client) == "second"
        outlet.client.put("third")  # the second is still being sent
        assert outlet.sent == []
        assert await next_of(outlet.client) == "third"
        asking = asyncio.ensure_future(next_of(outlet.client))
        await asyncio.sleep(0)  # so that it asks
        outlet.client.put("fourth")
        assert outlet.sent == ["fourth"]
        asking.cancel()

    asyncio.run(play())


@in_loop
async def test_a_burst_is_not_slowness(layer: Any) -> None:
    hub, alice, count = Hub(), everyone(), 3000
    await hub.subscribe(["t"], alice)
    for number in range(count):
        live.publish(["t"], {"n": number})
    assert [await next_of(alice) for _ in range(count)] == [f'{{"n":{n}}}' for n in range(count)]
    await closed(hub, layer)


@in_loop
async def test_what_the_publisher_gave_up_puts_everybody_behind(layer: Any) -> None:
    hub, alice = Hub(), everyone()
    await hub.subscribe(["t"], alice)
    live.publish(["other"], {"n": float("inf")})
    assert await next_of(alice) is None
    await closed(hub, layer)


@in_loop
async def test_sockets_of_one_loop_share_a_hub(layer: Any) -> None:
    assert hub_of_this_loop() is hub_of_this_loop()
    assert isinstance(hub_of_this_loop(), Hub)


@in_loop
async def test_a_push_reads_no_database(layer: Any) -> None:
    # No database mark on this test: any query would be an error of pytest-django's.
    hub, alice = Hub(), everyone()
    await hub.subscribe(["t"], alice)
    live.publish(["t"], {"n": 1}, scope=about(1))
    assert await next_of(alice) == '{"n":1}'
    await closed(hub, layer)


@in_loop
async def test_a_removed_feed_puts_everybody_behind(tmp_path: Path) -> None:
    layer = FeedLayer(path=tmp_path / "feed.sqlite3", bus=tmp_path / "bus", poll_s=0.05)
    with installed(layer):
        hub, alice = Hub(), everyone()
        await hub.subscribe(["t"], alice)
        (tmp_path / "feed.sqlite3").unlink()
        assert await next_of(alice) is None
        await closed(hub, layer)


@in_loop
async def test_a_feed_that_cannot_be_opened_holds_nobody_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocker = tmp_path / "data"
    blocker.write_text("a file where the folder should be")
    layer = FeedLayer(path=blocker / "feed.sqlite3", bus=tmp_path / "bus")
    with installed(layer):
        hub, alice = Hub(), everyone()
        await hub.subscribe(["t"], alice)  # returns after a second
        assert not alice.behind
        blocker.unlink()
        assert await next_of(alice) is None
        live.publish(["t"], {"n": 1})
        assert await next_of(alice) == '{"n":1}'
        await closed(hub, layer)
    assert [r.levelname for r in caplog.records] == ["WARNING", "WARNING"]  # broken, works again


PUBLISHER = """
import sys
from django.conf import settings
settings.configure(CHANNEL_LAYERS={"default": {
    "BACKEND": "siteflow.redis_feed.RedisFeedLayer",
    "CONFIG": {"hosts": [{"address": sys.argv[1], "socket_timeout": None}]}}})
from sites import live
for n in range(int(sys.argv[2])):
    live.publish(["t"], {"n": n})
"""  # no flush: the end of the process must not lose the last words


@pytest.mark.lab
@in_loop
async def test_another_process_over_redis(redis_server: RedisServer) -> None:
    layer, count = redis_layer(redis_server), 1000
    with installed(layer):
        hub, alice = Hub(), everyone(limit=count)
        await hub.subscribe(["t"], alice)
        sender = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PUBLISHER, redis_server.url, str(count)]
        )
        texts = [await next_of(alice) for _ in range(count)]
        assert texts == [f'{{"n":{n}}}' for n in range(count)]
        assert await asyncio.to_thread(sender.wait, 10) == 0
        await closed(hub, layer)


@pytest.mark.lab
@in_loop
async def test_redis_restarted(redis_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    layer = redis_layer(redis_server)
    with installed(layer):
        hub, alice = Hub(), everyone()
        await hub.subscribe(["t"], alice)
        await asyncio.to_thread(redis_server.kill)
        live.publish(["t"], {"n": 1})  # does not raise, does not wait
        await until(lambda: any("cannot be" in r.getMessage() for r in caplog.records))
        await asyncio.to_thread(redis_server.start)
        assert await next_of(alice) is None
        await asyncio.to_thread(live.flush, timeout_s=10)
        live.publish(["t"], {"n": 2})
        texts = [await next_of(alice)]
        while texts[-1] is None:
            texts.append(await next_of(alice))
        assert texts[-1] == '{"n":2}'
        assert len(caplog.records) <= 6
        await closed(hub, layer)


@pytest.mark.lab
@in_loop
async def test_redis_absent_at_first(redis_server: RedisServer) -> None:
    await asyncio.to_thread(redis_server.kill)
    layer = redis_layer(redis_server)
    with installed(layer):
        hub, alice = Hub(), everyone()
        await hub.subscribe(["t"], alice)
        await asyncio.to_thread(redis_server.start)
        assert await next_of(alice) is None
        live.publish(["t"], {"n": 1})
        assert await next_of(alice) == '{"n":1}'
        await closed(hub, layer)
