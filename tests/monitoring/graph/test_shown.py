"""The graph out of the database: what each account sees of it, and at what cost."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring.graph import shown as graphs
from monitoring.graph.shown import Wanted
from monitoring.history.packing import packed
from monitoring.history.summaries import Summary, Summed
from monitoring.models import Point, Series
from sites.models import Container, Grant, Host, Site
from sites.rows import EVERYTHING
from tests.people import logged_in
from tests.provisioning.rows import make_container, make_host
from tests.provisioning.site_rows import make_site

pytestmark = pytest.mark.django_db
SHARED = {"networks": ["shared"], "volumes": ["data"], "needs": []}


@pytest.fixture
def shop() -> Site:
    host = make_host()
    site = make_site(host, domain="shop.example.com")
    make_container(host, "shop-web-1", site=site, attached=SHARED)
    return site


def ids(user: User, **wanted: Any) -> set[str]:
    return set(graphs.shown(user, Wanted(**wanted)).graph.by_id)


def guest_of(thing: Site | Host) -> User:
    user = User.objects.create(username=f"guest of {thing}")
    where = {"site": thing} if isinstance(thing, Site) else {"host": thing}
    Grant.objects.create(role=Group.objects.get(name="viewer"), user=user, **where)
    return user


def ask(user: User, **query: Any) -> Any:
    answer = logged_in(user).get("/api/graph", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_who_has_a_role_for_one_site_sees_that_and_nothing_beside_it(shop: Site) -> None:
    alien = make_site(shop.host, "alien", domain="alien.example.com")
    make_container(shop.host, "alien-web-1", site=alien, attached=SHARED)
    make_container(shop.host, "loose-1", attached={"networks": ["secret"]})
    other = make_host("web2")
    make_container(other, "far-1", attached=SHARED)
    mine = Container.objects.get(name="shop-web-1")
    domain = shop.domains.get()
    assert ids(guest_of(shop)) == {
        f"domain:{domain.pk}", f"site:{shop.pk}", f"container:{mine.pk}", f"host:{shop.host_id}",
        f"network:{shop.host_id}:shared", f"volume:{shop.host_id}:data",
    }  # fmt: skip


def test_what_one_may_not_see_changes_nothing_of_what_is_shown(shop: Site) -> None:
    guest = guest_of(shop)
    before = ask(guest)
    make_container(shop.host, "alien-1", attached=SHARED, state="dead")
    Host.objects.filter(pk=shop.host_id).update(error="at 192.0.2.1", services=[{"name": "x"}])
    after = ask(guest)
    for told in (before, after):
        told.pop("generated_at")
    assert before == after
    assert "192.0.2.1" not in json.dumps(after)


def test_a_host_of_which_one_sees_a_site_has_its_name_and_no_state(shop: Site) -> None:
    (host,) = [one for one in ask(guest_of(shop))["nodes"] if one["kind"] == "host"]
    assert (host["name"], host["state"], host["seen_at"]) == ("web1", "hidden", None)
    (host,) = [one for one in ask(guest_of(shop.host))["nodes"] if one["kind"] == "host"]
    assert host["state"] == "reachable"


def test_who_sees_nothing_is_refused(shop: Site, charlie: User) -> None:
    assert logged_in(charlie).get("/api/graph").status_code == 403


def test_filters(shop: Site, bob: User) -> None:
    make_container(shop.host, "caddy")
    blog = make_site(make_host("web2"), "blog")
    make_container(blog.host, "blog-1", site=blog, state="dead")
    assert f"site:{blog.pk}" not in ids(bob, host="WEB1")
    assert ids(bob, host=str(blog.host_id)) == ids(bob, host="web2")
    assert f"site:{shop.pk}" not in ids(bob, site=blog.pk)
    assert {one["tone"] for one in ask(bob, state="bad")["nodes"]} >= {"bad"}
    assert f"site:{shop.pk}" not in ids(bob, states=["bad"])


def test_of_one_site_the_way_to_it_is_shown_too(shop: Site, bob: User) -> None:
    caddy = make_container(shop.host, "caddy")
    assert {f"proxy:{shop.host_id}", f"container:{caddy.pk}"} <= ids(bob, site=shop.pk)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"host": "nowhere"}, 404), ({"site": 999_999}, 404), ({"site": 10**30}, 422),
        ({"state": "fine"}, 422), ({"host": "x" * 9999}, 422), ({"host": "9" * 40}, 404),
    ],
)  # fmt: skip
def test_wrong_filters_are_refused(bob: User, query: dict[str, Any], code: int) -> None:
    assert logged_in(bob).get("/api/graph", query).status_code == code


def test_the_number_of_queries_does_not_grow(shop: Site, bob: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            graphs.shown(User.objects.get(pk=bob.pk), Wanted())
        return len(captured)

    few = queries()
    for number in range(12):
        host = make_host(f"more{number}")
        site = make_site(host, f"more{number}", domain=f"more{number}.example.com")
        for part in ("web", "db"):
            make_container(host, f"{site.name}-{part}", site=site, attached=SHARED)
    assert queries() == few <= 16


def test_big_ones_are_grouped_and_a_site_is_opened_by_itself(shop: Site, bob: User) -> None:
    Container.objects.bulk_create(
        Container(host=shop.host, site=shop, docker_id=f"{number:064x}", name=f"shop-{number}",
                  state="running", state_since=timezone.now(), observed_at=timezone.now())
        for number in range(320)
    )  # fmt: skip
    told = ask(bob)
    assert told["grouped"] and len(told["nodes"]) == 3
    (site,) = [one for one in told["nodes"] if one["kind"] == "site"]
    assert site["collapsed"] and site["counts"]["containers"] == 321
    opened = ask(bob, site=shop.pk)
    assert not opened["grouped"] and len(opened["nodes"]) > 321
    assert not ask(bob, grouped="false")["grouped"]


def test_the_latest_readings_are_told_and_old_ones_are_not(shop: Site, bob: User) -> None:
    now = timezone.now()
    web = Container.objects.get(name="shop-web-1")
    series = Series.objects.create(kind="container", host=shop.host, container=web)
    for minutes, cpu in ((1, 30.0), (2, 20.0), (30, 10.0)):
        data = packed("container", Summed(1, "cgroup", {"cpu_percent": Summary(0, cpu, 99)}))
        Point.objects.create(series=series, level=0, at=now - timedelta(minutes=minutes), data=data)
    (told,) = [one for one in ask(bob)["nodes"] if one["id"] == f"container:{web.pk}"]
    assert told["metrics"]["cpu_percent"] == 30.0
    assert told["metrics"]["memory_bytes"] is None
    Point.objects.filter(at__gt=now - timedelta(minutes=10)).delete()
    (told,) = [one for one in ask(bob)["nodes"] if one["id"] == f"container:{web.pk}"]
    assert told["metrics"] is None


def test_what_breaks(shop: Site, bob: User, client: Client) -> None:
    web = Container.objects.get(name="shop-web-1")
    answer = logged_in(bob).get(f"/api/graph/impact?kind=container&key={web.pk}")
    assert {one["name"]: one["level"] for one in answer.json()["hits"]} == {
        "shop": "stops", "shop.example.com": "stops"
    }  # fmt: skip
    named: dict[str, Any] = {"kind": "network", "key": shop.host_id, "name": "shared"}
    assert logged_in(bob).get("/api/graph/impact", named).status_code == 200
    wrongs: list[dict[str, Any]] = [{**named, "name": "secret"}, {**named, "kind": "container"}]
    for wrong in wrongs:
        assert logged_in(bob).get("/api/graph/impact", wrong).status_code == 404
    assert client.get("/api/graph/impact", named).status_code == 401


def test_without_any_nas_nothing_is_claimed_of_one(shop: Site, bob: User) -> None:
    told = ask(bob)
    assert (told["nas_connected"], told["nas_error"]) == (None, "")


def test_the_command_prints_json_dot_and_lines(
    shop: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("graph", "--json")
    assert {one["name"] for one in json.loads(capsys.readouterr().out)["nodes"]} >= {"shop", "web1"}
    call_command("graph", "--dot")
    assert capsys.readouterr().out.startswith("digraph")
    call_command("graph", "--host", "web1", "--state", "good")
    assert "shop-web-1" in capsys.readouterr().out
    call_command("graph", "--impact", f"host:{shop.host_id}", "--json")
    assert json.loads(capsys.readouterr().out)["hits"]
    with pytest.raises(CommandError, match="no such node"):
        call_command("graph", "--impact", "host:999999")


def test_whoever_holds_the_machine_sees_everything(shop: Site) -> None:
    assert f"proxy:{shop.host_id}" in ids(EVERYTHING)
