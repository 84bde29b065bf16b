"""A Caddy that is a service of its host, in memory: containers are asked by their addresses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import LazySettings

from provisioning.drivers.caddy_fake import FakeCaddy
from provisioning.drivers.errors import DriverError
from provisioning.proxy import apply, moved
from provisioning.proxy.models import Proxy
from provisioning.proxy.places import acme_of
from provisioning.proxy.plan import plan
from sites.models import Domain, Host, Site
from tests.provisioning.proxy_world import UPSTREAMS, World, container, op
from tests.provisioning.rows import make_container, make_host, make_operation

pytestmark = pytest.mark.django_db
OLD, NEW = "172.18.0.3", "172.18.0.9"


@pytest.fixture
def row() -> Host:
    host = make_host()
    Proxy.objects.create(host=host, container="")
    site = Site.objects.create(host=host, project="shop", name="shop")
    Domain.objects.create(host=host, site=site, name="shop.test", tls="internal")
    return host


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(monkeypatch)
    made.caddy = FakeCaddy({})
    made.host.containers = {"shop-web-1": container("shop-web-1", addresses=(OLD, "172.19.0.2"))}
    return made


def move(world: World) -> None:
    there = world.host.containers["shop-web-1"]
    world.host.containers["shop-web-1"] = replace(there, addresses=(NEW,))


def test_an_upstream_is_an_address(world: World, row: Host) -> None:
    apply.apply_all(op(row), world.host, row)
    assert world.upstream("shop._") == f"{OLD}:8080"
    assert f"{{file.{UPSTREAMS}/shop._}}" in str(world.caddy.config)
    assert plan(world.host, row).is_empty


def test_another_container_takes_over_by_its_address(world: World, row: Host) -> None:
    apply.apply_all(op(row), world.host, row)
    world.host.containers["shop-web-2"] = container("shop-web-2", addresses=(NEW,))
    site = Site.objects.get()
    given = {"service": "web", "container": "shop-web-2", "port": 8080}
    apply.switch_upstream(op(site), world.host, row, site, **given)  # type: ignore[arg-type]
    assert world.upstream("shop._") == f"{NEW}:8080"
    assert moved.follow(row, world.host) == [], "it is where it says"


def test_a_new_address_is_followed_and_no_configuration_loaded(world: World, row: Host) -> None:
    apply.apply_all(op(row), world.host, row)
    loads = len(world.caddy.loads)
    move(world)
    assert moved.follow(row, world.host) == ["shop._"]
    assert world.upstream("shop._") == f"{NEW}:8080" and len(world.caddy.loads) == loads
    assert moved.follow(row, world.host) == []


def test_what_does_not_run_keeps_its_last_address(world: World, row: Host) -> None:
    apply.apply_all(op(row), world.host, row)
    world.host.containers.clear()
    assert moved.follow(row, world.host) == []
    assert world.upstream("shop._") == f"{OLD}:8080"


def test_while_something_is_done_to_the_host_it_is_left_to_that(world: World, row: Host) -> None:
    apply.apply_all(op(row), world.host, row)
    move(world)
    operation = make_operation(make_container(row), "site.release")
    operation.status = "running"
    operation.save()
    assert moved.follow(row, world.host) == []
    operation.delete()
    assert moved.follow(row, world.host) == ["shop._"]


def test_a_proxy_in_a_container_is_never_followed(world: World, row: Host) -> None:
    Proxy.objects.update(container="caddy")
    assert moved.follow(row, world.host) == [] and world.host.ran == []


def test_the_authoritys_root_is_brought_to_the_host(
    world: World, row: Host, settings: LazySettings, tmp_path: Path
) -> None:
    settings.ACME_DIRECTORY = "https://ca.test/dir"
    settings.ACME_CA_ROOT = str(tmp_path / "root.pem")
    Domain.objects.update(tls="acme")
    with pytest.raises(DriverError) as error:
        apply.apply_all(op(row), world.host, row)
    assert error.value.code == "bad_setting" and error.value.advice and world.caddy.loads == []
    (tmp_path / "root.pem").write_text("PEM")
    apply.apply_all(op(row), world.host, row)
    assert world.host.files["/srv/siteflow/proxy/acme/root.pem"].data == b"PEM"
    assert "https://ca.test/dir" in str(world.caddy.config)


def test_its_own_authoritys_root_lies_beside_the_upstreams(
    row: Host, settings: LazySettings
) -> None:
    settings.ACME_CA_ROOT = "/etc/ssl/root.pem"
    assert acme_of(row, Proxy.objects.get()).root == "/srv/siteflow/proxy/acme/root.pem"
    in_container = Proxy(container="caddy")
    assert acme_of(row, in_container).root == "/etc/caddy/acme/root.pem"
