"""How a live socket ends, and what it is told when it was left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from provisioning.models import Operation
from siteflow import sessions
from siteflow.hub import hub_of_this_loop
from sites.live import publish
from sites.models import Host
from tests.provisioning.rows import make_container
from tests.siteflow.loops import in_loop, until
from tests.siteflow.sockets import in_database, socket_of
from tests.siteflow.test_consumers import layer, own_settings, web1

__all__ = ["layer", "own_settings", "web1"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("layer")]


# -- rights that end -------------------------------------------------------------------------


@pytest.fixture
def quick_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "CHECK_EVERY_S", 0.1)


def log_out(cookie: str) -> None:
    from importlib import import_module

    from django.conf import settings

    import_module(settings.SESSION_ENGINE).SessionStore(cookie).delete()


def disable(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def change_password(user: User) -> None:
    user.set_password("another of bob's")
    user.save()


ENDS: dict[str, Callable[[User], Any]] = {
    "disable": disable,
    "password": change_password,
    "delete": User.delete,
}


@pytest.mark.parametrize("how", ["log out", *ENDS])
@in_loop
async def test_an_ended_session_ends_its_sockets(bob: User, quick_checks: None, how: str) -> None:
    async with socket_of(bob) as one, socket_of(bob) as two:
        await one.ask("subscribe", topic="hosts")
        await two.ask("ping")
        if how == "log out":
            await in_database(log_out, one.cookie)
            await in_database(log_out, two.cookie)
        else:
            await in_database(ENDS[how], bob)
        for socket in (one, two):
            said = await socket.hear("error")
            assert (said["code"], said["fatal"]) == ("session_ended", True)
            assert await socket.close_code() == 4401


@in_loop
async def test_no_action_after_the_session_has_ended(alice: User, web1: Host) -> None:
    row = await in_database(make_container, web1)
    async with socket_of(alice) as socket:
        await socket.ask("ping")
        await in_database(log_out, socket.cookie)
        await socket.say(type="action.start", kind="container.restart", target_id=row.pk)
        assert (await socket.hear("error"))["code"] == "session_ended"
        assert await socket.close_code() == 4401
    assert await in_database(Operation.objects.count) == 0


@in_loop
async def test_a_right_taken_away_ends_its_topics(
    bob: User, web1: Host, quick_checks: None
) -> None:
    async with socket_of(bob) as socket:
        await socket.ask("subscribe", topic="hosts")
        await socket.ask("subscribe", topic=f"containers.{web1.pk}")
        await in_database(bob.groups.clear)
        assert (await socket.hear("error"))["code"] == "behind"  # what it has may be too much
        said = [await socket.hear("error"), await socket.hear("error")]
        assert {one["topic"] for one in said} == {"hosts", f"containers.{web1.pk}"}
        assert {one["code"] for one in said} == {"forbidden"}
        assert hub_of_this_loop()._clients == {}
        assert (await socket.ask("ping"))["type"] == "pong"


@in_loop
async def test_messages_about_what_one_may_not_see_are_left_out(bob: User) -> None:
    async with socket_of(bob) as socket:
        await socket.ask("subscribe", topic="hosts")
        publish(
            ["hosts"],
            {"type": "hosts.update", "items": [], "number": 1},
            scope={"permission": "sites.manage_host", "host": 1},
        )
        publish(
            ["hosts"],
            {"type": "hosts.update", "items": [], "number": 2},
            scope={"permission": "sites.view_host", "host": 1},
        )
        assert (await socket.hear("hosts.update"))["number"] == 2


# -- behind, pings, ends ---------------------------------------------------------------------


@in_loop
async def test_who_is_behind_is_told_and_shown_everything(bob: User, web1: Host) -> None:
    async with socket_of(bob) as socket:
        await socket.ask("subscribe", topic="hosts")
        await socket.ask("subscribe", topic="containers", ids=[])
        await in_database(Host.objects.filter(pk=web1.pk).update, address="192.0.2.77")
        hub_of_this_loop().mark_all_behind()
        told = await socket.hear()
        assert (told["code"], told["reconnect"], told["fatal"]) == ("behind", False, False)
        again = [await socket.hear(), await socket.hear()]
        assert [one["topic"] for one in again] == ["hosts", "containers"]
        assert again[0]["items"][0]["address"] == "192.0.2.77"
        assert again[1]["ids"] == []


@in_loop
async def test_the_server_pings(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "PING_EVERY_S", 0.2)
    async with socket_of(bob) as socket:
        first, second = await socket.hear("ping"), await socket.hear("ping")
        assert first["at"] < second["at"]
        await socket.say(type="pong")
        assert (await socket.ask("ping"))["type"] == "pong"


@in_loop
async def test_sockets_leave_nothing_behind(bob: User) -> None:
    async with socket_of(bob) as first:
        await first.ask("subscribe", topic="hosts")
        tasks = len(asyncio.all_tasks())
        for _ in range(20):
            async with socket_of(bob) as socket:
                await socket.ask("subscribe", topic="hosts")
                await socket.ask("subscribe", topic="containers")
        await until(lambda: len(asyncio.all_tasks()) == tasks)
        assert [len(members) for members in hub_of_this_loop()._clients.values()] == [1]
    assert hub_of_this_loop()._clients == {}
