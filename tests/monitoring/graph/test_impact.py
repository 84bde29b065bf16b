from __future__ import annotations

from monitoring.graph.building import build
from monitoring.graph.impact import Level, breaks
from monitoring.graph.rows import ProxyRow
from monitoring.graph.things import Edge, Graph, Kind, Link, Node, Status, Tone
from tests.monitoring.graph.made import JUST_NOW, container, domain, host, rows, shop, site

STOPS, AFFECTED = Level.STOPS, Level.AFFECTED


def hit(graph: Graph, node: str) -> dict[str, Level]:
    return {one.id: one.level for one in breaks(graph, node)}


def test_a_host_takes_all_that_is_on_it_along() -> None:
    graph = build(shop())
    found = hit(graph, "host:1")
    assert found.keys() == graph.by_id.keys() - {"host:1"}
    assert set(found.values()) == {STOPS}


def test_a_database_affects_what_waits_for_it_its_site_and_its_domain() -> None:
    assert hit(build(shop()), "container:2") == {
        "container:1": AFFECTED, "site:1": AFFECTED, "domain:1": AFFECTED
    }  # fmt: skip


def test_the_only_container_of_a_site_takes_it_and_its_domains_along() -> None:
    graph = build(rows(host(), site(), domain(), container(1, "web")))
    assert hit(graph, "container:1") == {"site:1": STOPS, "domain:1": STOPS}


def test_a_site_leaves_its_proxy_and_the_other_domains_alone() -> None:
    graph = build(
        rows(
            host(), ProxyRow(1, "", "", JUST_NOW), site(), site(2, "blog"), domain(),
            domain(2, "blog.example.com", site=2), container(1, "web"),
            container(2, "blog", site=2),
        )
    )  # fmt: skip
    assert hit(graph, "site:1") == {"domain:1": STOPS}
    assert hit(graph, "container:2") == {"site:2": STOPS, "domain:2": STOPS}


def test_a_proxy_takes_all_its_domains_along_and_no_site() -> None:
    assert hit(build(shop()), "proxy:1") == {"domain:1": STOPS}
    assert hit(build(shop()), "container:3") == {"proxy:1": STOPS, "domain:1": STOPS}


def test_networks_and_volumes_affect_what_hangs_on_them() -> None:
    found = hit(build(shop()), "network:1:shop_default")
    assert found["container:1"] == found["container:2"] == found["site:1"] == AFFECTED
    assert hit(build(shop()), "volume:1:shop_db")["container:2"] == AFFECTED


def test_a_nas_only_ends_backups() -> None:
    graph = build(shop())
    nas = Node("nas:1", Kind.NAS, "nas", Status("reachable", Tone.GOOD), 1)
    graph = Graph((*graph.nodes, nas), (*graph.edges, Edge("site:1", nas.id, Link.BACKS_UP_TO)))
    (one,) = breaks(graph, "nas:1")
    assert (one.id, one.level, one.because) == ("site:1", AFFECTED, Link.BACKS_UP_TO)


def test_what_nothing_needs_breaks_nothing() -> None:
    assert breaks(build(shop()), "domain:1") == ()


def test_it_says_because_of_what() -> None:
    found = {one.id: one for one in breaks(build(shop()), "container:2")}
    assert (found["container:1"].because, found["container:1"].via) == (
        Link.DEPENDS_ON, "container:2"
    )  # fmt: skip


def test_what_stops_comes_before_what_is_affected() -> None:
    levels = [one.level for one in breaks(build(shop()), "volume:1:shop_db")]
    assert levels == sorted(levels, key=lambda level: level != STOPS)


def test_services_that_wait_for_each_other_in_a_circle_come_to_an_end() -> None:
    graph = build(
        rows(
            host(), container(1, "a", attached={"needs": ["b"]}),
            container(2, "b", attached={"needs": ["a", "b"]}),
        )
    )  # fmt: skip
    assert hit(graph, "container:1") == {"container:2": AFFECTED}
