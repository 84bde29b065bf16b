"""A role on one host leads to no other: not by jump hosts, this machine's Docker or tags."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from provisioning import engine
from provisioning.models import Operation
from sites.models import Grant, Host, Site, Tag
from tests.people import logged_in, person
from tests.provisioning.rows import COMMAND, make_container, make_host

pytestmark = pytest.mark.django_db
SSH = {"connection": "ssh", "username": "deploy"}


class World:
    """charlie is admin of web1 alone; it is reached through a jump host that is not his."""

    def __init__(self) -> None:
        self.charlie = person("charlie")
        person("admin")
        self.gate = make_host("gate", address="192.0.2.1", **SSH)
        self.web1 = make_host("web1", address="192.0.2.2", via=self.gate, **SSH)
        self.web2 = make_host("web2", address="192.0.2.3", **SSH)
        self.role = Group.objects.get(name="admin")
        Grant.objects.create(role=self.role, user=self.charlie, host=self.web1)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    return World()


@pytest.fixture
def visitor(world: World) -> Client:
    return logged_in(world.charlie)


def patched(visitor: Client, host: Host, **values: Any) -> tuple[int, str]:
    answer = visitor.patch(f"/api/hosts/{host.pk}", values, content_type="application/json")
    field = "" if answer.status_code == 200 else answer.json()["error"]["field"]
    return answer.status_code, field


def test_this_machine_s_docker_is_not_taken_over(world: World, visitor: Client) -> None:
    assert patched(visitor, world.web1, connection="local") == (403, "connection")
    mine = make_host("mine")
    Grant.objects.create(role=world.role, user=world.charlie, host=mine)
    assert patched(visitor, mine, docker_socket="/run/other.sock") == (403, "connection")
    assert patched(visitor, mine, name="ours") == (200, "")
    everything = logged_in(person("admin"))
    assert patched(everything, mine, docker_socket="/run/other.sock") == (200, "")


def test_a_jump_host_leads_where_its_own_admin_says(world: World, visitor: Client) -> None:
    assert patched(visitor, world.web1, address="192.0.2.99") == (403, "address")
    assert patched(visitor, world.web1, port=2222) == (403, "address")
    assert patched(visitor, world.web1, command_timeout_s=60) == (200, "")
    assert patched(visitor, world.web1, via=None, address="192.0.2.99") == (200, "")
    assert patched(visitor, world.web1, via=world.gate.pk) == (422, "via")


def test_pages_name_no_foreign_host(world: World, visitor: Client) -> None:
    page = f"/admin/sites/host/{world.web1.pk}"
    for address in (f"{page}/change/", f"{page}/edit/", f"{page}/change/?tab=audit"):
        text = visitor.get(address).content.decode()
        assert "web1" in text and "web2" not in text and "gate" not in text
    everything = logged_in(person("admin"))
    assert "gate" in everything.get(f"{page}/change/").content.decode()
    assert "web2" in everything.get(f"{page}/edit/").content.decode()


def test_the_form_leaves_a_foreign_jump_host_as_it_is(world: World, visitor: Client) -> None:
    engine.start("host.change", world.web1, actor=COMMAND, params={"auth": "generate"})
    given = {"name": "web1", "auth": "keep", "address": "192.0.2.2", "port": 22, "sudo": "on",
             "username": "deploy", "docker_socket": "/var/run/docker.sock",
             "connect_timeout_s": 10, "command_timeout_s": 30}  # fmt: skip
    answer = visitor.post(f"/admin/sites/host/{world.web1.pk}/edit/", given)
    assert answer.status_code == 302
    world.web1.refresh_from_db()
    assert (world.web1.via, world.web1.sudo) == (world.gate, True)


def test_an_idempotency_key_shows_nothing_that_went_out_of_sight(world: World) -> None:
    row = make_container(world.web1)
    visitor = logged_in(world.charlie)
    sent: dict[str, Any] = {"content_type": "application/json", "HTTP_IDEMPOTENCY_KEY": "once"}
    assert visitor.post(f"/api/containers/{row.pk}/stop", {}, **sent).status_code == 202
    Grant.objects.update(host=world.web2)
    assert visitor.post(f"/api/containers/{row.pk}/stop", {}, **sent).status_code == 404
    assert Operation.objects.count() == 1


# -- tags ------------------------------------------------------------------------------------


@pytest.fixture
def tagger(world: World) -> User:
    """May see and tag everything, and give no roles; operates what is tagged client-a."""
    person("alice"), person("bob")
    role = Group.objects.create(name="tagger")
    role.permissions.set(Permission.objects.filter(codename__in=("manage_tag", "view_host")))
    world.charlie.groups.add(role)
    tag = Tag.objects.create(name="client-a")
    Grant.objects.create(role=Group.objects.get(name="operator"), user=world.charlie, tag=tag)
    return world.charlie


def test_a_tag_with_roles_is_put_on_by_who_gives_roles(world: World, tagger: User) -> None:
    visitor = logged_in(tagger)

    def tag(visitor: Client, *names: str) -> int:
        body = {"kind": "host.tag", "target_id": world.web2.pk, "params": {"tags": names}}
        return visitor.post("/api/operations", body, content_type="application/json").status_code

    assert tag(visitor, "eu") == 202
    assert tag(visitor, "eu", "client-a") == 403
    assert tag(logged_in(person("admin")), "eu", "client-a") == 202
    assert tag(visitor, "client-a") == 202
    assert tag(visitor) == 403
    assert [tag.name for tag in world.web2.tags.all()] == ["client-a"]


def test_an_operation_s_page_of_a_site_that_is_gone(world: World, visitor: Client) -> None:
    """Its key is kept by nobody else: keys of hosts and sites are never given twice."""
    site = Site.objects.create(host=world.web2, project="shop", name="shop")
    key = site.pk
    site.delete()
    assert Site.objects.create(host=world.web2, project="other", name="other").pk > key
    key = world.web2.pk
    engine.start("host.remove", world.web2, actor=COMMAND, confirm_name="web2")
    assert make_host("new").pk > key
