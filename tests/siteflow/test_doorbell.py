from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from siteflow.doorbell import Doorbell, LocalDoorbell, RedisDoorbell
from tests.siteflow.redis_server import RedisServer


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(params=["local", pytest.param("redis", marks=pytest.mark.lab)])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Doorbell, Doorbell]]:
    """Who rings and who waits, as in two processes."""
    if request.param == "local":
        yield LocalDoorbell(tmp_path / "bus-q"), LocalDoorbell(tmp_path / "bus-q")
        return
    bells = [over(request.getfixturevalue("server")) for _ in range(2)]
    yield bells[0], bells[1]
    for bell in bells:
        close(bell)


def over(server: RedisServer) -> RedisDoorbell:
    return RedisDoorbell(url=server.url, key="bell")


def close(bell: RedisDoorbell) -> None:
    for client in (bell._ringer, bell._waiter):
        if client is not None:
            client.close()


def waited_s(bell: Doorbell, *, timeout_s: float) -> float:
    started = time.monotonic()
    bell.wait(timeout_s=timeout_s)
    return time.monotonic() - started


def test_a_ring_ends_the_wait(pair: tuple[Doorbell, Doorbell]) -> None:
    ringer, waiter = pair
    waiter.wait(timeout_s=0.01)  # begins to listen
    thread = threading.Timer(0.05, ringer.ring)
    thread.start()
    assert waited_s(waiter, timeout_s=10) < 5
    thread.join()


def test_a_ring_before_the_wait_counts(pair: tuple[Doorbell, Doorbell]) -> None:
    ringer, waiter = pair
    waiter.wait(timeout_s=0.01)
    ringer.ring()
    assert waited_s(waiter, timeout_s=10) < 5


def test_silence_lasts_as_long_as_asked(pair: tuple[Doorbell, Doorbell]) -> None:
    _, waiter = pair
    waiter.wait(timeout_s=0.01)
    assert waited_s(waiter, timeout_s=0.2) >= 0.2


def test_the_local_bell_is_hung_up_again(tmp_path: Path) -> None:
    bell = LocalDoorbell(tmp_path / "bus-q")
    bell.wait(timeout_s=0.01)
    for path in (tmp_path / "bus-q").iterdir():
        path.unlink()
    bell.wait(timeout_s=0.01)
    assert len(list((tmp_path / "bus-q").iterdir())) == 1


def test_without_a_folder_it_is_a_plain_poll_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    bell = LocalDoorbell(tmp_path / "file" / "bus-q")
    bell.ring()
    assert waited_s(bell, timeout_s=0.1) >= 0.1
    bell.wait(timeout_s=0.01)
    assert len(caplog.records) == 1


@pytest.mark.lab
def test_a_dead_redis_slows_nobody(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    bell = over(server)
    server.kill()
    started = time.monotonic()
    for _ in range(100):
        bell.ring()
    assert time.monotonic() - started < 1.5
    assert waited_s(bell, timeout_s=0.2) >= 0.2
    assert len(caplog.records) == 2  # one for each direction
    server.start()
    assert waited_s(bell, timeout_s=0.1) >= 0.1
    close(bell)


@pytest.mark.lab
def test_a_frozen_redis_delays_one_ring_only(server: RedisServer) -> None:
    bell = over(server)
    bell.ring()
    server.freeze()
    started = time.monotonic()
    for _ in range(10):
        bell.ring()
    assert time.monotonic() - started < 1.5
    server.thaw()
    close(bell)


@pytest.mark.lab
def test_rings_nobody_waits_for_do_not_pile_up(server: RedisServer) -> None:
    bell = over(server)
    for _ in range(200):
        bell.ring()
    with redis.Redis.from_url(server.url) as client:
        assert client.llen("bell") == 100
    close(bell)
