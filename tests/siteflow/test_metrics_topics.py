"""What is used, live over a socket: who may look, what that leaves behind, and who is told."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from monitoring.metrics import SeriesKey
from monitoring.models import Look
from monitoring.usage.looks import LEASE, Looked
from monitoring.usage.telling import Reading, Tick, tell, tell_unknown
from sites.models import Container, Host
from tests.provisioning.rows import make_container, make_host
from tests.siteflow.loops import in_loop
from tests.siteflow.sockets import in_database, socket_of
from tests.siteflow.test_consumer_ends import quick_checks
from tests.siteflow.test_consumers import layer, own_settings
from tests.siteflow.test_scoped import World, there

__all__ = ["layer", "own_settings", "quick_checks", "there"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("layer")]


def key_of(row: Container) -> SeriesKey:
    return SeriesKey("container", row.host_id, row.pk)


def sampled(*rows: Container) -> None:
    """As the monitor does it, with numbers for all of them."""
    at = timezone.now()
    looked = Looked(at, {key_of(row) for row in rows}, {row.pk: row.site_id for row in rows})
    found = {key: Reading({"cpu_percent": 1.5}, "cgroup") for key in looked.keys}
    tell(rows[0].host_id, looked, Tick(found), at=at)


def looks() -> list[tuple[str, int, int]]:
    return list(Look.objects.order_by("kind", "part").values_list("kind", "part", "host_id"))


def unread(host: Host) -> None:
    Host.objects.filter(pk=host.pk).update(state="unreachable")


@in_loop
async def test_two_who_look_are_one_mark_and_both_are_told(bob: User, alice: User) -> None:
    host = await in_database(make_host, "web1")
    row = await in_database(make_container, host, "shop")
    topic = f"metrics.{row.pk}"
    async with socket_of(bob) as one, socket_of(alice) as two:
        for socket in (one, two):
            first = await socket.ask("subscribe", topic=topic)
            assert (first["type"], first["topic"]) == ("subscribed", topic)
            assert [item["known"] for item in first["items"]] == [True]
        while await in_database(looks) != [("container", row.pk, host.pk)]:
            await one.ask("ping")
        await in_database(sampled, row)
        for socket in (one, two):
            [item] = (await socket.hear("metrics.update"))["items"]
            assert (item["id"], item["values"]) == (row.pk, {"cpu_percent": 1.5})
        until: datetime = await in_database(lambda: Look.objects.get().until)
        assert until <= timezone.now() + LEASE


@in_loop
async def test_a_host_that_is_not_read_is_unknown_from_the_first(bob: User) -> None:
    host = await in_database(make_host, "web1")
    await in_database(unread, host)
    async with socket_of(bob) as socket:
        first = await socket.ask("subscribe", topic=f"metrics.host.{host.pk}")
        [item] = first["items"]
        assert (item["known"], item["values"]) == (False, None)
        since = datetime.fromisoformat(item["unknown_since"])
        assert abs(since - host.inventory_at).total_seconds() < 0.001  # as JSON has it
        looked = Looked(host.inventory_at, {SeriesKey("host", host.pk)})
        at = timezone.now()
        await in_database(lambda: tell_unknown(host.pk, looked, at=at, since=at))
        [item] = (await socket.hear("metrics.update"))["items"]
        assert (item["kind"], item["known"], item["values"]) == ("host", False, None)


@in_loop
async def test_only_who_sees_it_may_look_and_is_told(there: World, quick_checks: None) -> None:
    topic, mixed = f"metrics.{there.own.pk}", [there.own, *there.foreign[:2]]
    async with socket_of(there.charlie) as socket:
        for row in there.foreign:
            answer = await socket.ask("subscribe", topic=f"metrics.{row.pk}")
            assert answer["code"] == "not_found"
        answer = await socket.ask("subscribe", topic=f"metrics.host.{there.host.pk}")
        assert answer["code"] == "not_found"
        assert (await socket.ask("subscribe", topic=topic))["type"] == "subscribed"
        await in_database(lambda: sampled(*mixed))
        told = await socket.hear("metrics.update")
        assert [item["id"] for item in told["items"]] == [there.own.pk]
        await in_database(there.grant.delete)
        assert (await socket.hear("error"))["code"] == "behind"
        assert (await socket.hear("error"))["topic"] == topic
        await in_database(lambda: sampled(*mixed))
        assert (await socket.ask("ping"))["type"] == "pong"  # and nothing before it
