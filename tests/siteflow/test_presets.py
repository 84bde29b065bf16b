"""Sockets that are about one thing from the start, and events, as a simple client meets them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError

from monitoring.events.keeping import Keeper
from monitoring.events.models import HostEvent
from provisioning.inventory import publish_rows
from siteflow import consumers
from sites.live import publish
from sites.models import Grant, Host
from tests.provisioning.rows import make_host
from tests.siteflow.loops import in_loop
from tests.siteflow.sockets import Socket, in_database, socket_of
from tests.siteflow.test_consumer_ends import quick_checks
from tests.siteflow.test_consumers import layer, own_settings
from tests.siteflow.test_scoped import World

__all__ = ["layer", "own_settings", "quick_checks"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("layer")]


def said(
    number: int, docker_id: str = "", *, kind: str = "container", action: str = "start"
) -> dict[str, Any]:
    actor = {"ID": docker_id or f"{number:064x}", "Attributes": {"name": f"c{number}"}}
    return {"Type": kind, "Action": action, "timeNano": number, "Actor": actor}


def happened(host: Host, *events: dict[str, Any]) -> None:
    Keeper(host).keep(events)


async def subscribed(socket: Socket, count: int) -> dict[str, dict[str, Any]]:
    heard = [await socket.hear("subscribed") for _ in range(count)]
    return {one["topic"]: one for one in heard}


async def new_until(socket: Socket, last: str, first: dict[str, Any]) -> list[dict[str, Any]]:
    """The events that come, to the one with this name, but for those of the snapshot, which may
    come once more."""
    known = {item["id"] for item in first["items"]}
    found: list[dict[str, Any]] = []
    while not any(item["name"] == last for item in found):
        items = (await socket.hear("events.update"))["items"]
        found += [item for item in items if item["id"] not in known]
    return found


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["name"] for item in items]


# -- one thing -------------------------------------------------------------------------------


@in_loop
async def test_what_is_not_there_ends_the_socket(bob: User) -> None:
    for path in ("tasks/9", "deployments/9", "containers/9/stats", "services/9"):
        async with socket_of(bob, f"/ws/{path}") as socket:
            said = await socket.hear()
            assert (said["code"], said["fatal"], said["reconnect"]) == ("not_found", True, False)
            assert await socket.close_code() == 4404


@in_loop
async def test_trouble_of_ours_is_no_reason_to_stay_away(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(consumers, "snapshot", away)
    async with socket_of(bob, "/ws/tasks/9") as socket:
        told = await socket.hear()
        assert (told["code"], told["reconnect"], told["fatal"]) == ("unavailable", True, False)
        assert await socket.close_code() == 1011


@in_loop
async def test_a_site_with_all_that_is_of_it_and_nothing_else(alice: User) -> None:
    world = await in_database(World)
    async with socket_of(alice, f"/ws/services/{world.site.pk}") as socket:
        first = await subscribed(socket, 4)
        assert set(first) == {f"metrics.site.{world.site.pk}", "sites", "containers", "operations"}
        assert [item["name"] for item in first["sites"]["items"]] == ["shop"]
        assert [item["name"] for item in first["containers"]["items"]] == ["shop-web"]
        assert first["operations"]["items"] == []
        for row in (*world.foreign, world.own):
            await in_database(publish_rows, row.host, [row.pk])
        told = await socket.hear("containers.update")
        assert [item["name"] for item in told["items"]] == ["shop-web"]


@in_loop
async def test_a_site_hears_that_its_host_became_unknown(alice: User) -> None:
    world = await in_database(World)
    async with socket_of(alice, f"/ws/services/{world.site.pk}") as socket:
        await subscribed(socket, 4)
        for host in (world.foreign[2].host_id, world.host.pk):
            message = {"type": "containers.update", "host": host, "items": [], "removed": []}
            publish(["containers"], message, scope={"permission": "sites.view_container",
                                                    "near": host})  # fmt: skip
        assert (await socket.hear("containers.update"))["host"] == world.host.pk


@in_loop
async def test_use_of_all_hosts_one_may_see(
    bob: User, charlie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("siteflow.sockets.presets.MAX_TOPICS", 3)
    hosts = [await in_database(make_host, f"web{number}") for number in range(3)]
    async with socket_of(bob, "/ws/metrics") as socket:
        first = await subscribed(socket, 3)
        assert set(first) == {"hosts", *(f"metrics.host.{host.pk}" for host in hosts[:2])}
    async with socket_of(charlie, "/ws/metrics") as socket:
        assert (await socket.hear())["code"] == "forbidden"


# -- events ----------------------------------------------------------------------------------


@in_loop
async def test_the_last_events_and_then_each(bob: User) -> None:
    host = await in_database(make_host, "web1")
    await in_database(happened, host, said(1), said(2))
    for path, topic in (("", "events"), (f"?host={host.pk}", f"events.{host.pk}")):
        async with socket_of(bob, f"/ws/events{path}") as socket:
            first = await socket.hear("subscribed")
            assert (first["topic"], first["total"]) == (topic, 2)
            assert [item["name"] for item in first["items"]] == ["c2", "c1"]
            await in_database(happened, host, said(3))
            told = await new_until(socket, "c3", first)
            assert names(told) == ["c3"]
            assert set(told[0]) == set(first["items"][0])
        await in_database(HostEvent.objects.filter(name="c3").delete)


@in_loop
async def test_only_the_events_that_were_asked_for(bob: User) -> None:
    host, other = await in_database(make_host, "web1"), await in_database(make_host, "web2")
    both = [said(1), said(2, kind="image", action="pull"), said(3, action="die")]
    await in_database(happened, host, *both)
    async with socket_of(bob, "/ws/events") as everything:
        all_of_before = await everything.hear("subscribed")
        for query, before, after in (
            ("type=image", ["c2"], ["c5"]),
            ("type=container&action=die,pause", ["c3"], ["c6"]),
            ("action=pull&action=start", ["c2", "c1"], ["c4", "c5"]),
            (f"host={host.pk}&type=container&action=start", ["c1"], ["c4"]),
        ):
            async with socket_of(bob, f"/ws/events?{query}") as socket:
                first = await socket.hear("subscribed")
                assert [item["name"] for item in first["items"]] == before, query
                more = [said(4), said(5, kind="image", action="pull"), said(6, action="die")]
                await in_database(happened, other, said(7, kind="volume", action="create"))
                await in_database(happened, host, *more)
                assert names(await new_until(socket, after[-1], first)) == after, query
            # Nothing of this turn is still on its way when the next one begins.
            await new_until(everything, "c6", all_of_before)
            await in_database(HostEvent.objects.filter(at_ns__gt=3).delete)


BAD = {
    "type=plugin": "type", "action=exec%20ls": "action", "host=web1": "host", "host=0": "host",
    "host=1,2": "host", "color=red": "color", "action=" + "a" * 41: "action",
    "&".join(f"type=image&x{number}=" for number in range(30)): None,
}  # fmt: skip


@pytest.mark.parametrize("query", BAD)
@in_loop
async def test_a_filter_that_is_none_is_refused(bob: User, query: str) -> None:
    async with socket_of(bob, f"/ws/events?{query}") as socket:
        told = await socket.hear()
        assert (told["code"], told["field"], told["fatal"]) == ("bad_filter", BAD[query], True)
        assert await socket.close_code() == 4400


@in_loop
async def test_who_sees_one_site_sees_the_events_of_its_containers() -> None:
    world = await in_database(World)
    events = [
        said(1, world.foreign[0].docker_id), said(2, world.own.docker_id),
        said(3, kind="image", action="pull"), said(4),
    ]  # fmt: skip
    await in_database(happened, world.host, *events)
    async with socket_of(world.charlie, "/ws/events") as socket:
        first = await socket.hear("subscribed")
        assert [item["name"] for item in first["items"]] == ["c2"]
        later = [{**event, "timeNano": 10 + event["timeNano"]} for event in events]
        await in_database(happened, world.host, *later[2:], *later[:2])
        assert names(await new_until(socket, "c2", first)) == ["c2"]
    async with socket_of(world.charlie, f"/ws/events?host={world.host.pk}") as socket:
        assert (await socket.hear())["code"] == "not_found"
        assert await socket.close_code() == 4404


@in_loop
async def test_a_right_taken_away_ends_events(quick_checks: None) -> None:
    world = await in_database(World)
    async with socket_of(world.charlie, "/ws/events") as socket:
        await socket.hear("subscribed")
        await in_database(Grant.objects.all().delete)
        while (told := await socket.hear("error"))["code"] == "behind":
            pass
        assert (told["code"], told["topic"]) == ("forbidden", "events")


@in_loop
async def test_a_subscription_made_later_is_narrowed_alike(bob: User) -> None:
    host = await in_database(make_host, "web1")
    await in_database(happened, host, said(1), said(2, kind="image", action="pull"))
    async with socket_of(bob, "/ws/events?type=image") as socket:
        await socket.hear("subscribed")
        again = await socket.ask("subscribe", topic=f"events.{host.pk}")
        assert [item["name"] for item in again["items"]] == ["c2"]
        hosts = await socket.ask("subscribe", topic="hosts")
        assert [item["name"] for item in hosts["items"]] == ["web1"]
