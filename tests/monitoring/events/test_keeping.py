from __future__ import annotations

from typing import Any

import pytest

from monitoring.events import keeping
from monitoring.events.keeping import KEPT, Keeper
from monitoring.events.models import HostEvent
from provisioning.drivers.fake import FakeHost
from sites.models import Container, Host, Site
from tests.monitoring.conftest import WATCHES
from tests.monitoring.waiting import until
from tests.provisioning.rows import make_container, make_host

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []

    def publish(topics: list[str], message: dict[str, Any], *, scope: Any) -> None:
        messages.append({"topics": topics, "message": message, "scope": scope})

    monkeypatch.setattr(keeping, "publish", publish)
    return messages


def said(number: int, action: str = "start", kind: str = "container", actor: str = "") -> Any:
    attributes = {"name": f"c{number}"}
    return {
        "Type": kind, "Action": action, "timeNano": 1000 + number,
        "Actor": {"ID": actor or f"{number:064x}", "Attributes": attributes},
    }  # fmt: skip


def kept() -> list[tuple[str, str, str]]:
    return list(HostEvent.objects.order_by("id").values_list("type", "name", "action"))


def told(published: list[dict[str, Any]], kind: str = "events.update") -> list[dict[str, Any]]:
    return [one for one in published if one["message"]["type"] == kind]


def test_an_event_is_kept_once_and_told(published: list[dict[str, Any]]) -> None:
    host = make_host("web1")
    for _ in range(2):  # the second connection is told once more
        Keeper(host).keep([said(1), said(2, kind="volume", action="create"), {}])
    assert kept() == [("container", "c1", "start"), ("volume", "c2", "create")]
    first, second = told(published)
    assert first["topics"] == ["events", f"events.{host.pk}"]
    assert first["scope"] == {
        "permission": "sites.view_container", "host": host.pk, "site": None,
        "event": "container/start",
    }  # fmt: skip
    assert second["scope"]["permission"] == "sites.view_host"
    item = first["message"]["items"][0]
    assert (item["name"], item["host_name"], item["id"]) == (
        "c1",
        "web1",
        HostEvent.objects.earliest("id").pk,
    )


def test_events_that_are_alike_are_one_message_in_their_order(
    published: list[dict[str, Any]],
) -> None:
    Keeper(make_host()).keep([said(1), said(2), said(3, "die"), said(4)])
    names = [[item["name"] for item in one["message"]["items"]] for one in told(published)]
    assert names == [["c1", "c2"], ["c3"], ["c4"]]


def test_what_is_of_a_site_is_told_of_it_even_when_it_goes(
    published: list[dict[str, Any]],
) -> None:
    host = make_host()
    site = Site.objects.create(host=host, name="shop", project="shop")
    row = make_container(host, "shop-web-1", site=site, docker_id="a" * 64)
    keeper, event = Keeper(host), said(1, "destroy", actor="a" * 64)
    keeper.notice([event])
    key = row.pk
    row.delete()
    keeper.keep([event])
    (one,) = told(published)
    assert one["scope"]["site"] == site.pk
    assert one["message"]["items"][0]["container"] == key


def test_only_the_last_are_kept_for_each_host(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = make_host("web1"), make_host("web2", address="192.0.2.2")
    Keeper(second).keep([said(1)])
    keeper = Keeper(first)
    for burst in range(4):
        keeper.keep([said(burst * 100 + number) for number in range(100)])
    numbers = [int(name[1:]) for _, name, _ in kept()[1:]]
    assert numbers == list(range(400 - KEPT, 400))
    assert HostEvent.objects.filter(host=second).count() == 1


def test_of_a_storm_the_last_are_told_and_how_many_there_were(
    published: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_AT_ONCE", 5)
    Keeper(make_host()).keep([said(number) for number in range(12)])
    assert [name for _, name, _ in kept()] == [f"c{number}" for number in range(7, 12)]
    assert told(published, "events.left_out")[0]["message"]["events"] == 7


def test_a_host_that_was_just_removed_takes_its_events_along() -> None:
    host = make_host()
    keeper = Keeper(host)
    Host.objects.filter(pk=host.pk).delete()
    keeper.keep([said(1)])
    assert kept() == []


def test_a_watcher_tells_what_happens(fake: FakeHost, watch: WATCHES) -> None:
    host = make_host(state="new", inventory_at=None)
    watch(host)
    until(lambda: bool(fake.fake_docker.streams) and Host.objects.get().inventory_at is not None)
    web = Container.objects.get(name="shop-web-1")
    fake.docker.stop("shop-web-1", grace_s=1)
    fake.docker.remove("shop-web-1", force=True)
    until(lambda: ("container", "shop-web-1", "destroy") in kept())
    rows = {row.action: row for row in HostEvent.objects.all()}
    assert {"die", "stop", "destroy"} <= set(rows)
    assert {row.site for row in rows.values()} == {web.site_id}
    assert {row.container for row in rows.values()} == {web.pk}
    assert rows["die"].attributes == {"exitCode": "137"}
