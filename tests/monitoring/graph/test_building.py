from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitoring.graph.building import build
from monitoring.graph.rows import ProxyRow, ServiceRow
from monitoring.graph.things import Graph, Kind, Link, Metrics, Tone
from tests.monitoring.graph.made import (
    JUST_NOW,
    LONG_AGO,
    NOW,
    container,
    domain,
    host,
    rows,
    shop,
    site,
)


def edges(graph: Graph, kind: Link, *, drawn: bool = False) -> set[tuple[str, str]]:
    return {
        (edge.source, edge.target)
        for edge in graph.edges
        if edge.kind == kind and not (drawn and edge.implied)
    }


def test_every_kind_of_thing_and_edge() -> None:
    graph = build(shop())
    assert set(graph.by_id) == {
        "domain:1", "proxy:1", "site:1", "container:1", "container:2", "container:3",
        "network:1:shop_default", "network:1:edge", "volume:1:shop_db", "host:1",
    }  # fmt: skip
    assert edges(graph, Link.ROUTES) == {("domain:1", "proxy:1"), ("proxy:1", "site:1")}
    assert edges(graph, Link.DEPENDS_ON) == {
        ("domain:1", "site:1"), ("container:1", "container:2")
    }  # fmt: skip
    assert edges(graph, Link.MOUNTS) == {("container:2", "volume:1:shop_db")}
    assert ("container:3", "network:1:edge") in edges(graph, Link.CONNECTS)
    assert edges(graph, Link.RUNS_ON, drawn=True) == {
        ("proxy:1", "container:3"), ("site:1", "container:1"), ("site:1", "container:2"),
        ("network:1:shop_default", "host:1"), ("network:1:edge", "host:1"),
        ("volume:1:shop_db", "host:1"),
    }  # fmt: skip
    assert ("container:1", "host:1") in edges(graph, Link.RUNS_ON)


def test_nodes_come_in_the_order_in_which_they_are_drawn() -> None:
    order = list(Kind)
    places = [order.index(node.kind) for node in build(shop()).nodes]
    assert places == sorted(places)


def test_a_network_of_one_site_is_its_own_and_a_shared_one_nobodys() -> None:
    graph = build(shop())
    assert graph.by_id["network:1:shop_default"].site == 1
    assert graph.by_id["network:1:edge"].site is None


def test_networks_of_the_same_name_on_two_hosts_are_two() -> None:
    hangs = {"networks": ["shared"], "volumes": ["data"]}
    graph = build(
        rows(
            host(), host(2, "web2"),
            container(1, "a", site=None, attached=hangs),
            container(2, "b", site=None, host=2, attached=hangs),
        )
    )  # fmt: skip
    assert {"network:1:shared", "network:2:shared", "volume:1:data", "volume:2:data"} <= set(
        graph.by_id
    )
    assert ("container:1", "network:2:shared") not in edges(graph, Link.CONNECTS)


def test_services_of_the_same_name_depend_within_their_project_and_host_only() -> None:
    graph = build(
        rows(
            host(), host(2, "web2"),
            container(1, "web", attached={"needs": ["db", "gone"]}),
            container(2, "db"),
            container(3, "db", project="other"),
            container(4, "db", host=2),
        )
    )  # fmt: skip
    assert edges(graph, Link.DEPENDS_ON) == {("container:1", "container:2")}


def test_without_a_proxy_a_domain_leads_to_its_site() -> None:
    graph = build(rows(host(), site(), domain()))
    assert edges(graph, Link.ROUTES) == {("domain:1", "site:1")}


def test_what_docker_calls_a_network_and_joins_nobody_is_none() -> None:
    graph = build(rows(host(), container(1, "a", attached={"networks": ["host", "none"]})))
    assert not list(graph.of_kind(Kind.NETWORK))


@pytest.mark.parametrize("attached", [{}, {"networks": None}, {"networks": [7, None, ["x"]]}])
def test_rows_of_before_or_of_another_form_hang_on_nothing(attached: dict[str, list[str]]) -> None:
    row = container(1, "a")._replace(attached={k: v or () for k, v in attached.items()})
    assert not list(build(rows(host(), row)).of_kind(Kind.NETWORK))


def test_nothing_on_an_unreachable_host_is_known() -> None:
    lost = host(state="unreachable", inventory_at=LONG_AGO)
    graph = build(replace(shop(), hosts={1: lost}))
    for node in graph.nodes:
        if node.kind not in (Kind.HOST, Kind.DOMAIN):  # certificates say so themselves
            assert node.status.tone == Tone.UNKNOWN, node.id
            assert node.status.unknown_since == LONG_AGO
    assert graph.by_id["host:1"].status.tone == Tone.BAD
    assert graph.by_id["container:1"].status.last == "running"


def test_nothing_on_a_host_nobody_looked_at_for_long_is_known() -> None:
    graph = build(replace(shop(), hosts={1: host(inventory_at=LONG_AGO)}))
    assert graph.by_id["host:1"].status.word == "unknown"
    assert graph.by_id["site:1"].status.word == "unknown"


def test_a_state_tells_its_age_and_its_source() -> None:
    status = build(shop()).by_id["container:1"].status
    assert (status.word, status.since, status.seen_at, status.source) == (
        "running", LONG_AGO, JUST_NOW, "read"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "word", "tone"),
    [
        ({}, "running", Tone.GOOD),
        ({"health": "unhealthy"}, "unhealthy", Tone.BAD),
        ({"health": "starting"}, "starting", Tone.BUSY),
        ({"state": "exited", "exit_code": 0}, "exited", Tone.STILL),
        ({"state": "exited", "exit_code": 137}, "exited", Tone.BAD),
        ({"state": "paused"}, "paused", Tone.WARNING),
        ({"state": "restarting"}, "restarting", Tone.BUSY),
        ({"state": "dead"}, "dead", Tone.BAD),
        ({"state": "created"}, "created", Tone.STILL),
    ],
)
def test_states_of_containers(values: dict[str, Any], word: str, tone: Tone) -> None:
    status = build(rows(host(), container(1, "a", **values))).by_id["container:1"].status
    assert (status.word, status.tone) == (word, tone)


@pytest.mark.parametrize(
    ("states", "word", "tone"),
    [
        ([], "empty", Tone.STILL),
        ([{}, {}], "running", Tone.GOOD),
        ([{}, {"state": "exited", "exit_code": 0}], "running", Tone.GOOD),
        ([{}, {"state": "exited", "exit_code": 1}], "impaired", Tone.WARNING),
        ([{}, {"health": "unhealthy"}], "impaired", Tone.WARNING),
        ([{"state": "exited", "exit_code": 0}], "stopped", Tone.STILL),
        ([{"state": "exited", "exit_code": 1}], "stopped", Tone.BAD),
    ],
)
def test_states_of_sites(states: list[dict[str, Any]], word: str, tone: Tone) -> None:
    parts = [container(number, f"c{number}", **values) for number, values in enumerate(states)]
    status = build(rows(host(), site(), *parts)).by_id["site:1"].status
    assert (status.word, status.tone) == (word, tone)


def test_a_draft_is_a_draft_even_while_its_host_is_away() -> None:
    lost = host(state="unreachable", inventory_at=None)
    assert build(rows(lost, site(stage="draft"))).by_id["site:1"].status.word == "draft"


def test_a_proxy_is_as_its_container_or_service_is() -> None:
    seen = shop()
    assert build(seen).by_id["proxy:1"].status.word == "running"
    gone = replace(seen, containers=seen.containers[:2])
    assert build(gone).by_id["proxy:1"].status.word == "missing"
    of_host = replace(seen, proxies=(ProxyRow(1, "", "", JUST_NOW),))
    assert build(of_host).by_id["proxy:1"].status.word == "unknown"
    active = replace(of_host, services={1: ServiceRow("active", JUST_NOW)})
    assert build(active).by_id["proxy:1"].status.tone == Tone.GOOD
    failed = replace(of_host, services={1: ServiceRow("failed", JUST_NOW)})
    assert build(failed).by_id["proxy:1"].status.tone == Tone.BAD
    broken = replace(seen, proxies=(ProxyRow(1, "caddy", "port taken", JUST_NOW),))
    assert build(broken).by_id["proxy:1"].status.tone == Tone.WARNING


def test_of_a_host_one_does_not_see_only_the_name_is_told() -> None:
    metrics = {"host:1": Metrics(NOW, 12.0, 1.0, 2.0)}
    secret = replace(
        shop(), hosts={1: host(error="ssh: refused by 192.0.2.7")}, seen_hosts=frozenset(),
        metrics=metrics,
    )  # fmt: skip
    node = build(secret).by_id["host:1"]
    assert (node.name, node.detail, node.metrics) == ("web1", "", None)
    assert (node.status.word, node.status.since, node.status.seen_at) == ("hidden", None, None)


def test_readings_stand_on_their_nodes() -> None:
    one = Metrics(NOW, 12.5, 1000.0, None)
    graph = build(replace(shop(), metrics={"container:1": one, "site:1": one, "container:99": one}))
    assert graph.by_id["container:1"].metrics == graph.by_id["site:1"].metrics == one
    assert graph.by_id["container:2"].metrics is None


def test_no_edge_leads_out_of_the_graph() -> None:
    for graph in (build(shop()), build(rows(host(), container(1, "a", site=9)))):
        assert all(
            edge.source in graph.by_id and edge.target in graph.by_id
            for edge in graph.edges
        )  # fmt: skip
