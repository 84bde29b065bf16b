from __future__ import annotations

from monitoring.graph.building import build
from monitoring.graph.choosing import LOOSE_SHOWN, collapsed, in_states
from monitoring.graph.things import Kind, Tone
from tests.monitoring.graph.made import container, host, rows, shop, site


def test_a_collapsed_site_stands_for_all_that_is_its_own() -> None:
    graph = collapsed(build(shop()))
    assert set(graph.by_id) == {"proxy:1", "site:1", "container:3", "host:1"}
    node = graph.by_id["site:1"]
    assert node.collapsed
    assert node.counts == {
        "containers": 2, "running": 2, "domains": 1, "networks": 1, "volumes": 1
    }  # fmt: skip


def test_edges_lead_to_what_stands_for_their_ends() -> None:
    graph = collapsed(build(shop()))
    assert {(edge.source, edge.target) for edge in graph.edges} == {
        ("proxy:1", "site:1"), ("proxy:1", "container:3"), ("site:1", "host:1"),
        ("container:3", "host:1"),
    }  # fmt: skip
    assert not any(edge.implied for edge in graph.edges)


def test_many_containers_of_no_site_are_one_node() -> None:
    loose = [container(number, f"c{number}", site=None) for number in range(LOOSE_SHOWN + 1)]
    loose[3] = loose[3]._replace(state="dead")
    graph = collapsed(build(rows(host(), *loose)))
    (group,) = graph.of_kind(Kind.CONTAINER)
    assert (group.counts, group.status.tone) == (
        {"containers": LOOSE_SHOWN + 1, "running": LOOSE_SHOWN}, Tone.BAD
    )  # fmt: skip
    few = collapsed(build(rows(host(), *loose[:LOOSE_SHOWN])))
    assert len(list(few.of_kind(Kind.CONTAINER))) == LOOSE_SHOWN


def test_what_is_in_a_state_comes_with_its_neighbours() -> None:
    graph = build(
        rows(
            host(), site(), container(1, "web"), container(2, "db", state="dead"),
            site(2, "blog"), container(3, "blog", site=2),
        )
    )  # fmt: skip
    found = in_states(graph, ["bad"])
    assert set(found.by_id) == {"container:2", "site:1", "host:1"}
    assert in_states(graph, []) is graph


def test_implied_edges_stay_so_while_nothing_is_collapsed() -> None:
    graph = build(shop())
    kept = in_states(graph, ["good"])
    assert set(kept.edges) <= set(graph.edges)
