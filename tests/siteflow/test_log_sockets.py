"""Logs over sockets, as a client meets them, over logs in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import Settings

from monitoring.logs.registry import logs_of_this_loop
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.fake_logs import FakeLog
from siteflow import sessions
from sites.models import Container, Site
from tests.people import alice, charlie
from tests.provisioning.rows import make_container, make_host
from tests.siteflow.loops import in_loop
from tests.siteflow.sockets import Socket, in_database, socket_of

__all__ = ["alice", "charlie"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    host = FakeHost(containers=[fake_container("web"), fake_container("db")])
    host.followed = {"web": FakeLog(), "db": FakeLog()}
    monkeypatch.setattr("monitoring.logs.sources.host_driver", lambda target: host)
    return host


@pytest.fixture
def rows(fake: FakeHost) -> Iterator[dict[str, Container]]:
    host = make_host("web1")
    site = Site.objects.create(host=host, name="shop")
    yield {
        name: make_container(host, name, docker_id=fake.containers[name].docker_id, site=site)
        for name in ("web", "db")
    }


@asynccontextmanager
async def opened(user: User, path: str) -> AsyncIterator[Socket]:
    try:
        async with socket_of(user, path) as socket:
            yield socket
    finally:
        logs_of_this_loop().close()


async def hear_lines(socket: Socket, *, enough: int) -> list[list[Any]]:
    found: list[list[Any]] = []
    while len(found) < enough:
        found += (await socket.hear("lines"))["lines"]
    return found


@in_loop
async def test_a_log_comes_and_goes_on(
    alice: User, fake: FakeHost, rows: dict[str, Container]
) -> None:
    log = fake.followed["web"]
    log.write("one", "two", "ERROR three")

    key = rows["web"].pk
    async with opened(alice, f"/ws/containers/{key}/logs?tail=2&levels=1") as socket:
        begin = await socket.hear()
        assert begin["containers"] == [{"id": key, "name": "web"}]
        lines = await hear_lines(socket, enough=2)
        assert [line[3:] for line in lines] == [["two", None], ["ERROR three", "error"]]
        await socket.hear("live")
        log.write("four \x1b[31m", stream="stderr")
        (line,) = await hear_lines(socket, enough=1)
        assert line[2:4] == ["stderr", "four \x1b[31m"]
        await socket.say(type="filter", level="error", tail=100, id=5)
        assert (await socket.hear("filtered"))["id"] == 5
        assert [line[3] for line in await hear_lines(socket, enough=1)] == ["ERROR three"]
        log.write("nothing", "FATAL five")
        assert [line[3] for line in await hear_lines(socket, enough=1)] == ["FATAL five"]
        await socket.say(type="filter", level="loud")
        assert (await socket.hear("error"))["code"] == "bad_message"
        await socket.say(type="ping")
        assert await socket.hear("pong")


@in_loop
async def test_coming_back_by_the_cursor(
    alice: User, fake: FakeHost, rows: dict[str, Container]
) -> None:
    log = fake.followed["web"]
    log.write(*(str(number) for number in range(50)))

    path = f"/ws/containers/{rows['web'].pk}/logs"
    async with opened(alice, f"{path}?tail=10") as socket:
        at, *_ = (await hear_lines(socket, enough=10))[-1]
    log.write("50", "51")
    async with opened(alice, f"{path}?after={at}") as socket:
        assert [line[3] for line in await hear_lines(socket, enough=2)] == ["50", "51"]


@in_loop
async def test_what_is_there_and_no_more(
    alice: User, fake: FakeHost, rows: dict[str, Container]
) -> None:
    fake.followed["web"].write("a", "b")

    path = f"/ws/containers/{rows['web'].pk}/logs?follow=0&search=B"
    async with opened(alice, path) as socket:
        assert [line[3] for line in await hear_lines(socket, enough=1)] == ["b"]
        assert (await socket.hear("end"))["more"] is False
        assert await socket.close_code() == 1000


@in_loop
async def test_several_in_the_order_of_time(
    alice: User, fake: FakeHost, rows: dict[str, Container]
) -> None:
    fake.followed["web"].write("1", "3", at="2026-01-01T00:00:01.000000000Z")
    fake.followed["db"].write("2", at="2026-01-01T00:00:01.000000000Z")
    fake.followed["db"].write("4", at="2026-01-01T00:00:02.000000000Z")
    web, db = rows["web"].pk, rows["db"].pk

    paths = (f"/ws/logs?containers={web},{db}", f"/ws/sites/{rows['web'].site_id}/logs")
    for path in paths:
        async with opened(alice, path) as socket:
            lines = await hear_lines(socket, enough=4)
            assert [(line[3], line[5]) for line in lines] == [
                ("1", web), ("3", web), ("2", db), ("4", db),
            ]  # fmt: skip
    after = f"{web}:2026-01-01T00:00:01.000000000Z,{db}:{lines[3][0]}"
    async with opened(alice, f"{paths[0]}&after={after}") as socket:
        (line,) = await hear_lines(socket, enough=1)
        assert line[3] == "3"


@in_loop
async def test_who_may(
    alice: User, charlie: User, rows: dict[str, Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    web = rows["web"]

    for path in (f"containers/{web.pk}/logs", f"sites/{web.site_id}/logs",
                 f"logs?containers={web.pk}"):  # fmt: skip
        async with opened(charlie, f"/ws/{path}") as socket:
            error = await socket.hear()
            assert (error["code"], error["fatal"]) == ("not_found", True)
            assert await socket.close_code() == 4404
    for path in (f"containers/{web.pk}/logs?tail=x", "logs?containers=", "logs?containers=1;2",
                 f"containers/{web.pk}/logs?after=soon"):  # fmt: skip
        async with opened(alice, f"/ws/{path}") as socket:
            assert (await socket.hear())["code"] == "invalid"
            assert await socket.close_code() == 4400


HOSTILE = ("tail=NaN", "tail=1e9", "tail=-1", "tail=" + "9" * 5000, "since=inf", "since=NaN",
           "since=1e400", "since=" + "9" * 400, "since=-1e18", "until=%00", "until=~", "until=-~-",
           "level=fatal", "stream=stdin", "follow=maybe", "search=" + "x" * 201, "after=%ff~1",
           "after=" + "9" * 40 + "~" + "9" * 40)  # fmt: skip


@in_loop
async def test_an_address_that_makes_no_sense_is_told_in_words(
    alice: User, rows: dict[str, Container]
) -> None:
    for query in HOSTILE:
        async with opened(alice, f"/ws/containers/{rows['web'].pk}/logs?{query}") as socket:
            told = await socket.hear()
            assert (told["type"], told.get("code")) == ("error", "invalid"), (query, told)
            assert await socket.close_code() == 4400
    for keys in ("0", "-1", "9" * 18, "1,,1,999999999", "%D9%A1"):
        async with opened(alice, f"/ws/logs?containers={keys}") as socket:
            told = await socket.hear()
            assert told.get("code") in ("invalid", "not_found"), (keys, told)


@in_loop
async def test_rights_that_are_taken_away_end_it(
    alice: User, rows: dict[str, Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "CHECK_EVERY_S", 0.1)

    for path in (f"containers/{rows['web'].pk}/logs", f"logs?containers={rows['db'].pk}"):
        async with opened(alice, f"/ws/{path}") as socket:
            await socket.hear("live")
            groups = await in_database(lambda: list(alice.groups.all()))
            await in_database(alice.groups.clear)
            assert (await socket.hear("error"))["code"] == "forbidden"
            assert await socket.close_code() == 4403
            await in_database(alice.groups.set, groups)


@in_loop
async def test_those_who_leave_leave_nothing(
    alice: User, fake: FakeHost, rows: dict[str, Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.logs.registry.LINGER_S", 0.05)

    for _ in range(20):
        async with socket_of(alice, f"/ws/containers/{rows['web'].pk}/logs") as socket:
            await socket.hear("live")
    async with asyncio.timeout(15):
        while len(logs_of_this_loop()) or any(not one.closed for one in open_streams(fake)):
            await asyncio.sleep(0.02)  # the reader ends a moment after the last has left


def open_streams(fake: FakeHost) -> list[Any]:
    return [stream for log in fake.followed.values() for stream in log.streams]
