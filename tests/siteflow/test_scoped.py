"""A role on one site, through every door: exactly that site is there, all else is missing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from audit.models import Entry
from provisioning import engine
from provisioning.models import Operation
from provisioning.operations.contract import VerbError
from sites.models import Container, Grant, Host, Site, Tag
from tests.people import logged_in, person
from tests.provisioning.rows import COMMAND, make_container, make_host
from tests.siteflow.loops import in_loop
from tests.siteflow.sockets import in_database, socket_of
from tests.siteflow.test_consumer_ends import quick_checks
from tests.siteflow.test_consumers import layer, own_settings

__all__ = ["layer", "own_settings", "quick_checks"]


class World:
    """charlie operates the site "shop"; another site is on the same host, a third elsewhere."""

    def __init__(self) -> None:
        self.charlie = person("charlie")
        for name in ("alice", "bob", "admin"):
            person(name)
        self.host, other = make_host("web1"), make_host("web2")
        self.site = Site.objects.create(host=self.host, project="shop", name="shop")
        blog = Site.objects.create(host=self.host, project="blog", name="blog")
        self.own = make_container(self.host, "shop-web", site=self.site)
        self.foreign = [
            make_container(self.host, "blog-web", site=blog),
            make_container(self.host, "alone"),
            make_container(other, "far"),
        ]
        self.grant = Grant.objects.create(
            role=Group.objects.get(name="operator"), user=self.charlie, site=self.site
        )


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    return World()


@pytest.fixture
def visitor(world: World) -> Client:
    return logged_in(world.charlie)


def names(visitor: Client, path: str) -> list[str]:
    return [item["name"] for item in visitor.get(f"/api/{path}").json()["items"]]


def test_lists_hold_exactly_what_is_ones_own(world: World, visitor: Client) -> None:
    assert names(visitor, "containers") == ["shop-web"]
    assert names(visitor, "sites") == ["shop"]
    assert names(visitor, "hosts") == []


def test_foreign_is_the_same_as_missing(world: World, visitor: Client) -> None:
    missing = visitor.get("/api/containers/999999")
    for row in world.foreign:
        for suffix in ("", "/logs"):
            answer = visitor.get(f"/api/containers/{row.pk}{suffix}")
            assert answer.status_code == 404
            assert answer.json()["error"] == missing.json()["error"]
        assert (
            visitor.post(
                f"/api/containers/{row.pk}/restart", content_type="application/json"
            ).status_code
            == 404
        )
        assert visitor.get(f"/admin/sites/container/{row.pk}/change/").status_code == 404
    assert visitor.get(f"/api/hosts/{world.host.pk}").status_code == 404
    assert visitor.get(f"/admin/sites/host/{world.host.pk}/change/").status_code == 404
    assert not Operation.objects.exists()


def test_ones_own_can_be_acted_on(world: World, visitor: Client) -> None:
    answer = visitor.post(
        f"/api/containers/{world.own.pk}/restart", content_type="application/json"
    )
    assert answer.status_code == 202
    engine.start("container.restart", world.foreign[0], actor=COMMAND)
    assert [one["target_name"] for one in visitor.get("/api/operations").json()["items"]] == [
        "shop-web"
    ]
    logs = visitor.get("/api/audit/logs").json()["logs"]
    assert {one["target_name"] for one in logs} == {"shop-web"}
    assert Entry.objects.filter(target_name="blog-web").exists()


def test_pages_offer_only_what_is_allowed_there(world: World, visitor: Client) -> None:
    Grant.objects.create(
        role=Group.objects.get(name="viewer"), user=world.charlie, site=world.foreign[0].site
    )
    page = visitor.get("/admin/sites/container/").content.decode()
    assert f"/admin/sites/container/{world.own.pk}/do/container.restart/" in page
    assert f"/admin/sites/container/{world.foreign[0].pk}/change/" in page
    assert f"/admin/sites/container/{world.foreign[0].pk}/do/container.restart/" not in page
    assert "far" not in page
    shown = visitor.get(f"/admin/sites/container/{world.foreign[0].pk}/do/container.stop/")
    assert shown.status_code == 403


@pytest.mark.parametrize(
    "path", ["", "sites/site/", "sites/host/", "provisioning/operation/", "audit/entry/"]
)
def test_no_page_tells_of_what_is_foreign(world: World, visitor: Client, path: str) -> None:
    engine.start("container.restart", world.foreign[0], actor=COMMAND)
    answer = visitor.get(f"/admin/{path}")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "blog" not in text and "web2" not in text and "alone" not in text


def test_an_admin_of_one_host_leads_nobody_through_another(world: World) -> None:
    Grant.objects.create(role=Group.objects.get(name="admin"), user=world.charlie, host=world.host)
    visitor = logged_in(world.charlie)
    far = world.foreign[2].host
    answer = visitor.patch(
        f"/api/hosts/{world.host.pk}", {"via": far.pk}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "via")
    body = {"name": "new", "address": "192.0.2.1", "username": "a", "auth": "generate"}
    answer = visitor.post("/api/hosts", body, content_type="application/json")
    assert answer.status_code == 403
    assert Host.objects.count() == 2


def test_a_removed_host_takes_the_right_with_it(world: World) -> None:
    engine.start("host.remove", world.host, actor=COMMAND, confirm_name="web1")
    assert not Grant.objects.exists()
    told = Entry.objects.get(action="grant.remove")
    assert (told.target_name, told.after) == ("charlie", {"role": "operator", "for": "site shop"})


def test_a_host_s_own_trouble_is_told_to_who_sees_the_host(world: World, visitor: Client) -> None:
    Host.objects.update(state="unreachable", error="web1: nobody answers at 192.0.2.1", address="a")
    page = f"/admin/sites/container/{world.own.pk}/change/"
    link = f"/admin/sites/host/{world.host.pk}/change/"
    told = visitor.get(page).content.decode()
    assert "unknown since" in told and "192.0.2.1" not in told and link not in told
    assert link not in visitor.get(f"/admin/sites/site/{world.site.pk}/change/").content.decode()
    told = logged_in(person("bob")).get(page).content.decode()
    assert "192.0.2.1" in told and link in told


def test_a_site_without_containers_is_not_shown_as_running(world: World, visitor: Client) -> None:
    world.own.delete()
    for page in ("/admin/sites/site/", f"/admin/sites/site/{world.site.pk}/change/"):
        told = visitor.get(page).content.decode()
        assert "no containers" in told and "0 of 0" not in told


# -- tags ------------------------------------------------------------------------------------


def test_a_tag_is_put_on_by_who_manages_everything(world: World) -> None:
    admin = logged_in(person("admin"))
    body: dict[str, Any] = {"kind": "host.tag", "target_id": world.host.pk}
    body["params"] = {"tags": ["client-a", "eu"]}
    answer = admin.post("/api/operations", body, content_type="application/json")
    assert answer.status_code == 202, answer.content
    assert admin.get(f"/api/hosts/{world.host.pk}").json()["tags"] == ["client-a", "eu"]
    body["params"] = {"tags": ["eu"]}
    admin.post("/api/operations", body, content_type="application/json")
    assert [tag.name for tag in Tag.objects.all()] == ["eu"]
    outcome = Entry.objects.filter(action="host.tag", phase="outcome").latest("id")
    assert outcome.before == {"tags": ["client-a", "eu"]}
    assert outcome.after == {"tags": ["eu"]}


def test_tags_that_are_no_words_are_refused(world: World) -> None:
    for wrong in ("-a", "A", "a b", "a\n", "ü", "", "x" * 51):
        with pytest.raises((VerbError, engine.EngineError)):
            engine.start("site.tag", world.site, actor=COMMAND, params={"tags": [wrong]})
    assert not Tag.objects.exists()


def test_the_page_of_a_site_has_its_tags(world: World) -> None:
    admin = logged_in(person("admin"))
    where = f"/admin/sites/site/{world.site.pk}/do/site.tag/"
    assert admin.get(where).status_code == 200
    answer = admin.post(where, {"asked": "1", "tags": "client-a, eu"})
    assert answer.status_code == 302
    assert 'value="client-a eu"' in admin.get(where).content.decode()
    assert admin.post(where, {"asked": "1", "tags": "NO"}).status_code == 422
    assert logged_in(world.charlie).get(where).status_code == 403


# -- sockets ---------------------------------------------------------------------------------


@pytest.fixture
def there(transactional_db: None, layer: None, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    return World()


def changed(row: Container) -> None:
    from provisioning.inventory import publish_rows

    publish_rows(row.host, [row.pk])


@in_loop
async def test_a_socket_tells_only_of_ones_own(there: World, quick_checks: None) -> None:
    async with socket_of(there.charlie) as socket:
        shown = await socket.ask("subscribe", topic="containers")
        assert [item["name"] for item in shown["items"]] == ["shop-web"]
        for row in (*there.foreign, there.own):
            await in_database(changed, row)
        told = await socket.hear("containers.update")
        assert [item["name"] for item in told["items"]] == ["shop-web"]
        answer = await socket.ask("subscribe", topic=f"containers.{there.host.pk}")
        assert answer["code"] == "not_found"
        row = await in_database(engine.start, "container.stop", there.foreign[0], actor=COMMAND)
        answer = await socket.ask("subscribe", topic=f"operation.{row.pk}")
        assert answer["code"] == "not_found"
        for target in there.foreign:
            answer = await socket.ask(
                "action.start", kind="container.stop", target_type="container", target_id=target.pk
            )
            assert answer["code"] == "not_found"


@in_loop
async def test_a_grant_taken_away_acts_on_an_open_socket(there: World, quick_checks: None) -> None:
    async with socket_of(there.charlie) as socket:
        await socket.ask("subscribe", topic="containers")
        await in_database(there.grant.delete)
        assert (await socket.hear("error"))["code"] == "behind"
        assert (await socket.hear("error"))["code"] == "forbidden"
        await in_database(changed, there.own)
        assert (await socket.ask("ping"))["type"] == "pong"  # and nothing before it


@in_loop
async def test_a_grant_more_shows_more(there: World, quick_checks: None) -> None:
    async with socket_of(there.charlie) as socket:
        await socket.ask("subscribe", topic="containers")
        viewer: Group = await in_database(Group.objects.get, name="viewer")
        await in_database(
            Grant.objects.create, role=viewer, user=there.charlie, site=there.foreign[0].site
        )
        shown = await socket.hear("subscribed")
        assert sorted(item["name"] for item in shown["items"]) == ["blog-web", "shop-web"]
