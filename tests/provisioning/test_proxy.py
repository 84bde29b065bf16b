"""The proxy in memory: what is wanted of it, the plan, and what an apply does and puts back."""

from __future__ import annotations

import pytest

from provisioning.drivers import http_probe
from provisioning.drivers.caddy_admin import Admin
from provisioning.drivers.caddy_config import found, is_edited
from provisioning.drivers.errors import DriverError
from provisioning.drivers.http_probe import ProbeAnswer
from provisioning.operations.contract import VerbError
from provisioning.proxy import apply, places
from provisioning.proxy.models import Proxy
from provisioning.proxy.plan import plan
from provisioning.proxy.plan_lines import plan_lines
from provisioning.proxy.wanted import wanted
from sites.models import Domain, Host, Site
from tests.provisioning.proxy_world import HASH, UPSTREAMS, World, container, op, row, shop, world
from tests.provisioning.rows import make_host

__all__ = ["row", "shop", "world"]


# -- what is wanted -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_alias_serves_the_same_and_a_redirect_leads_there(row: Host, shop: Site) -> None:
    Domain.objects.create(host=row, site=shop, name="alias.test", kind="alias")
    Domain.objects.create(host=row, site=shop, name="www.test", kind="redirect")
    made = wanted(row)
    primary, alias = made.vhosts["shop.test"], made.vhosts["alias.test"]
    assert (alias.upstream, alias.routes, alias.basic_auth) == (
        primary.upstream, primary.routes, primary.basic_auth,
    )  # fmt: skip
    assert (primary.tls, alias.tls) == ("internal", "acme")
    assert made.vhosts["www.test"].redirect_to == "https://shop.test"
    assert sorted(made.upstreams) == ["shop._", "shop.api.90"]


@pytest.mark.django_db
def test_a_row_that_cannot_be_served_is_told_and_left_out(row: Host, shop: Site) -> None:
    Domain.objects.create(host=row, site=shop, name="bad.test", kind="alias", tls="odd")
    made = wanted(row)
    assert list(made.vhosts) == ["shop.test"] and "odd" in made.problems["bad.test"]


# -- plan and apply -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_plan_tells_and_changes_nothing(world: World, row: Host, shop: Site) -> None:
    one = plan(world.host, row)
    lines = list(plan_lines(one))
    assert lines[0] == "+ shop.test"
    assert "    + password for carol" in lines and "+ shop._ goes to shop-web-1:8080" in lines
    assert HASH not in str(lines)
    assert world.caddy.loads == [] and plan(world.host, row).digest == one.digest


@pytest.mark.django_db
def test_an_apply_is_done_once(world: World, row: Host, shop: Site) -> None:
    assert apply.apply_all(op(row), world.host, row).left == {}
    assert world.names == ["shop.test"] and world.upstream("shop._") == "shop-web-1:8080"
    assert plan(world.host, row).is_empty
    apply.apply_all(op(row), world.host, row)
    assert len(world.caddy.loads) == 1
    assert Proxy.objects.get().loaded_hash


@pytest.mark.django_db
def test_a_domain_without_a_row_goes(world: World, row: Host, shop: Site) -> None:
    apply.apply_all(op(row), world.host, row)
    Domain.objects.all().delete()
    apply.apply_all(op(row), world.host, row)
    assert world.names == [] and not [name for name in world.host.files if UPSTREAMS in name]


@pytest.mark.django_db
def test_what_was_answered_and_is_not_any_more_is_put_back(
    world: World, row: Host, shop: Site
) -> None:
    apply.apply_all(op(row), world.host, row)
    before = world.caddy.config
    Domain.objects.update(access_log=False)
    answers = iter([200, 502])
    world.statuses = {}
    world._get = lambda host, url, **_: ProbeAnswer(next(answers, 502), {}, b"", None, 1)  # type: ignore[method-assign]  # noqa: E501
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_probe, "get", world._get)
        left = apply.apply_all(op(row), world.host, row).left
    assert list(left) == ["shop.test"] and world.caddy.config == before


@pytest.mark.django_db
def test_a_site_that_does_not_answer_is_put_back_and_told(
    world: World, row: Host, shop: Site
) -> None:
    world.statuses["shop.test"] = 502
    with pytest.raises(VerbError) as error:
        apply.apply_site(op(shop), world.host, row)
    assert error.value.code == "proxy_no_answer"
    assert world.names == [] and f"{UPSTREAMS}/shop._" not in world.host.files


@pytest.mark.django_db
def test_what_caddy_refuses_is_told_and_nothing_is_changed(
    world: World, row: Host, shop: Site
) -> None:
    world.caddy.refuse = lambda config: "odd" if found(config) else ""
    with pytest.raises(VerbError, match="odd") as error:
        apply.apply_site(op(shop), world.host, row)
    assert error.value.code == "proxy_refused" and world.names == []


@pytest.mark.django_db
def test_a_worker_that_takes_over_knows_what_was_there_before(
    world: World, row: Host, shop: Site
) -> None:
    """The first one died between the load and the probe."""
    first = op(shop)
    apply.apply_site(first, world.host, row)
    world.statuses["shop.test"] = 502
    again = op(shop, first.row.journal, again=True)
    with pytest.raises(VerbError):
        apply.apply_site(again, world.host, row)
    assert world.names == []


@pytest.mark.django_db
def test_a_hand_edit_stops_a_sync_and_a_plan_lets_it_go_on(
    world: World, row: Host, shop: Site
) -> None:
    apply.apply_all(op(row), world.host, row)
    assert world.caddy.config is not None
    servers = world.caddy.config["apps"]["http"]["servers"]
    servers["siteflow_https"]["routes"][0]["handle"].insert(0, {"handler": "headers"})
    with pytest.raises(VerbError) as error:
        apply.apply_all(op(row), world.host, row)
    assert (error.value.code, "shop.test" in error.value.message) == ("proxy_edited", True)
    with pytest.raises(VerbError) as error:
        apply.apply_site(op(shop), world.host, row)
    assert error.value.code == "proxy_edited"
    with pytest.raises(VerbError) as error:
        apply.apply_all(op(row), world.host, row, plan_digest="0" * 64)
    assert error.value.code == "stale_plan"
    apply.apply_all(op(row), world.host, row, plan_digest=plan(world.host, row).digest)
    assert not is_edited(world.caddy.config)


@pytest.mark.django_db
def test_an_edit_of_one_site_does_not_stop_another(world: World, row: Host, shop: Site) -> None:
    apply.apply_all(op(row), world.host, row)
    assert world.caddy.config is not None
    servers = world.caddy.config["apps"]["http"]["servers"]
    servers["siteflow_https"]["routes"][0]["handle"].insert(0, {"handler": "headers"})
    other = Site.objects.create(host=row, project="blog", name="blog")
    Domain.objects.create(host=row, site=other, name="blog.test", tls="internal")
    world.host.containers["blog-web-1"] = container("blog-web-1", "blog")
    apply.apply_site(op(other), world.host, row)
    assert world.names == ["blog.test", "shop.test"]
    assert [name for name, one in found(world.caddy.config).items() if one.is_edited] == [
        "shop.test"
    ]


@pytest.mark.django_db
def test_another_container_and_back(world: World, row: Host, shop: Site) -> None:
    apply.apply_all(op(row), world.host, row)
    loads = len(world.caddy.loads)
    given = {"service": "web", "container": "shop-web-2", "port": 8080}
    world.host.containers["shop-web-2"] = container("shop-web-2")
    run = op(shop)
    apply.switch_upstream(run, world.host, row, shop, **given)  # type: ignore[arg-type]
    assert world.upstream("shop._") == "shop-web-2:8080"
    assert world.upstream("shop.api.90") == "shop-api-1:90"
    assert plan(world.host, row).is_empty, "the one that serves stays"
    assert apply.take_back(run, world.host, row)
    assert world.upstream("shop._") == "shop-web-1:8080"
    world.statuses["shop.test"] = 502
    with pytest.raises(VerbError):
        apply.switch_upstream(op(shop), world.host, row, shop, **given)  # type: ignore[arg-type]
    assert world.upstream("shop._") == "shop-web-1:8080"
    assert len(world.caddy.loads) == loads


@pytest.mark.django_db
def test_a_host_without_a_proxy_says_so(world: World) -> None:
    with pytest.raises(DriverError) as error:
        plan(world.host, make_host("web9"))
    assert error.value.code == "proxy_missing" and error.value.advice


@pytest.mark.django_db
def test_a_proxy_that_does_not_know_us_lets_nobody_in(world: World, row: Host) -> None:
    del world.host.files["/srv/siteflow/proxy/caddy.json"]
    with pytest.raises(DriverError) as error:
        plan(world.host, row)
    assert error.value.code == "proxy_denied"
    assert isinstance(places.admin_of(world.host, row, Proxy.objects.get()), Admin)
