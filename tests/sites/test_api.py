"""Containers and sites over HTTP: pages, filters, order, and what an account may not see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sites.models import Container, Host, Site
from sites.schemas import ContainerDetail, ContainerOut, SiteOut
from tests.people import logged_in
from tests.provisioning.rows import make_container, make_host

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_bob(bob: User) -> Client:
    return logged_in(bob)


@pytest.fixture
def web1() -> Host:
    return make_host("web1", services=[{"name": "nginx"}], facts={"os": "Debian"})


def get(client: Client, path: str, **query: Any) -> Any:
    response = client.get(f"/api/{path}", query)
    assert response.status_code == 200, response.content
    return response.json()


def names(client: Client, **query: Any) -> list[str]:
    return [item["name"] for item in get(client, "containers", **query)["items"]]


def fill(host: Host, count: int) -> None:
    now = timezone.now()
    Container.objects.bulk_create(
        Container(
            host=host,
            docker_id=f"{number:064x}",
            name=f"c{number:05}",
            state="running",
            state_since=now + timedelta(seconds=number % 7),
            observed_at=now,
            source="read",
        )
        for number in range(count)
    )


def test_a_page_has_its_rows_and_its_place_in_the_whole(as_bob: Client, web1: Host) -> None:
    fill(web1, 7)
    answer = get(as_bob, "containers", page=2, page_size=3)
    assert [item["name"] for item in answer.pop("items")] == ["c00003", "c00004", "c00005"]
    assert isinstance(answer.pop("next_after"), str)
    assert answer == {"total": 7, "page": 2, "page_size": 3, "total_pages": 3}


def test_rows_are_as_documented(as_bob: Client, web1: Host) -> None:
    site = Site.objects.create(host=web1, project="shop", name="shop", config_files="a")
    ports = [{"private": 80, "protocol": "tcp", "public": 8080, "address": "0.0.0.0"}]  # noqa: S104
    row = make_container(web1, site=site, labels={"a": "b"}, ports=ports, image_id="sha256:1")
    item = get(as_bob, "containers")["items"][0]
    assert ContainerOut(**item).name == "shop-web-1"
    assert (item["host_name"], item["site_name"], item["ports"]) == ("web1", "shop", ports)
    assert "labels" not in item
    detail = get(as_bob, f"containers/{row.pk}")
    assert ContainerDetail(**detail).labels == {"a": "b"}
    assert detail == {**item, "labels": {"a": "b"}, "image_id": "sha256:1"}
    shown = get(as_bob, f"sites/{site.pk}")
    assert SiteOut(**shown).project == "shop"
    assert (shown["containers"], shown["running"]) == (1, 1)
    assert get(as_bob, "sites")["items"] == [shown]


@pytest.mark.parametrize("ordering", ["name", "-name", "state_since", "-state_since", "-id"])
def test_by_key_every_row_comes_once_and_in_order(
    as_bob: Client, web1: Host, ordering: str
) -> None:
    fill(web1, 23)
    whole = names(as_bob, ordering=ordering, page_size=500)
    seen, after = [], ""
    while True:
        answer = get(as_bob, "containers", ordering=ordering, page_size=5, after=after)
        seen += [item["name"] for item in answer["items"]]
        if not (after := answer["next_after"]):
            break
    assert seen == whole and len(set(seen)) == 23


def test_rows_that_come_and_go_between_pages_move_nothing(as_bob: Client, web1: Host) -> None:
    fill(web1, 10)
    first = get(as_bob, "containers", page_size=4)
    Container.objects.filter(name__in=["c00000", "c00003"]).delete()
    make_container(web1, "b-before-all")
    assert names(as_bob, page_size=4, after=first["next_after"]) == [
        "c00004", "c00005", "c00006", "c00007",
    ]  # fmt: skip


def test_filters(as_bob: Client, web1: Host) -> None:
    old = timezone.now() - timedelta(minutes=5)
    web2 = make_host("web2", inventory_at=old)
    site = Site.objects.create(host=web1, project="shop", name="shop")
    make_container(web1, "up", health="healthy", site=site, image="nginx:1", compose_project="shop")
    make_container(web1, "down", state="exited")
    make_container(web2, "lost", image="busybox")
    assert names(as_bob) == ["down", "lost", "up"]
    assert names(as_bob, state="unknown") == ["lost"]
    assert names(as_bob, state=["running", "exited"]) == ["down", "up"]
    assert names(as_bob, host="WEB2") == names(as_bob, host=web2.pk) == ["lost"]
    assert names(as_bob, health="healthy") == ["up"]
    assert names(as_bob, health="none") == ["down", "lost"]
    assert names(as_bob, site=site.pk) == names(as_bob, project="shop") == ["up"]
    assert names(as_bob, image="NGINX") == ["up"]
    assert names(as_bob, search="web1 dow") == ["down"]
    assert names(as_bob, search="busy box") == ["lost"]
    assert names(as_bob, host="nowhere") == names(as_bob, host="9" * 30) == []


def test_filters_of_sites(as_bob: Client, web1: Host) -> None:
    for name in ("blog", "shop"):
        Site.objects.create(host=web1, project=name, name=name)
    assert [site["name"] for site in get(as_bob, "sites", search="og")["items"]] == ["blog"]
    assert get(as_bob, "sites", managed="true")["total"] == 0
    assert get(as_bob, "sites", host="web1", ordering="-name")["items"][0]["name"] == "shop"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"page": 0}, "page"),
        ({"page_size": 501}, "page_size"),
        ({"page": "x"}, "page"),
        ({"page": 10**9}, "page"),
        ({"state": "fine"}, "state"),
        ({"site": "x"}, "site"),
        ({"site": 10**30}, "site"),
        ({"search": "a\x00b"}, "search"),
        ({"search": "x" * 201}, "search"),
        ({"ordering": "host__address"}, "ordering"),
        ({"ordering": "--name"}, "ordering"),
        ({"after": "x"}, "after"),
        ({"after": "eyJhIjoxfQ"}, "after"),
        ({"after": "W1tdLCAxXQ"}, "after"),
        ({"ordering": "-id", "after": "-1"}, "after"),
        ({"ordering": "state_since", "after": "WyJzb29uIiwgMV0"}, "after"),
        ({"ordering": "restart_count", "after": "WyJzb29uIiwgMV0"}, "after"),
    ],
)
def test_a_wrong_query_names_its_field(as_bob: Client, query: Any, field: str) -> None:
    response = as_bob.get("/api/containers", query)
    assert response.status_code == 422, response.content
    assert response.json()["error"]["field"] == field


def test_an_odd_query_is_no_error(as_bob: Client, web1: Host) -> None:
    fill(web1, 3)
    assert names(as_bob, page=20_000) == []
    assert names(as_bob, search="'; DROP TABLE sites_container; --") == []
    assert names(as_bob, search="%_" * 100) == []
    assert names(as_bob, site=2**63 - 1) == []


def queries(client: Client, path: str) -> Iterator[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        get(client, path)
    return (query["sql"] for query in captured.captured_queries)


@pytest.mark.parametrize(
    "path", ["containers?page_size=500", "containers?state=running&search=c", "sites"]
)
def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(
    as_bob: Client, web1: Host, path: str
) -> None:
    make_container(web1)
    Site.objects.create(host=web1, project="p", name="site")
    few = len(list(queries(as_bob, path)))
    for number in range(5):
        host = make_host(f"host{number}")
        site = Site.objects.create(host=host, project="p", name=f"site {number}")
        fill(host, 40)
        Container.objects.filter(host=host).update(site=site)
    assert len(list(queries(as_bob, path))) == few


def test_lists_leave_large_columns_where_they_are(as_bob: Client, web1: Host) -> None:
    make_container(web1)
    page = next(sql for sql in queries(as_bob, "containers") if "docker_id" in sql)
    for column in ("labels", "facts", "services", "preflight", "host_key"):
        assert f'"{column}"' not in page


def test_what_one_may_not_see_is_missing(charlie: User, web1: Host) -> None:
    row = make_container(web1)
    client = logged_in(charlie)
    hidden = client.get(f"/api/containers/{row.pk}")
    missing = client.get("/api/containers/999999")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json()["error"] == missing.json()["error"]
    assert client.get("/api/containers").status_code == 403
