from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from monitoring.graph.updates import of_containers, of_hosts, of_sites
from provisioning import inventory, reach
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from sites import live
from sites.rows import EVERYTHING, host_rows, site_rows
from sites.schemas import container_out, host_out, site_out
from tests.provisioning.rows import make_container, make_host
from tests.provisioning.site_rows import make_site

pytestmark = pytest.mark.django_db
Told = list[tuple[list[str], Any, Any]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What goes out on the topic `graph`: topics, message, scope."""
    found: Told = []

    def put(topics: list[str], message: Any, scope: Any) -> None:
        if "graph" in topics:
            found.append((topics, message, scope))

    monkeypatch.setattr(live, "_put", put)
    return found


def test_a_container_that_ends_is_told_with_its_state_and_its_site(
    told: Told, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    host = make_host()
    site = make_site(host)
    row = make_container(host, site=site)
    labels = {"com.docker.compose.project": site.project}
    ended = ContainerState(row.docker_id, row.name, "nginx", "", "exited", exit_code=1,
                           labels=labels)  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        inventory.apply_one(host, ended, at=timezone.now())
    messages = [message for _, message, _ in told]
    assert {message["type"] for message in messages} == {"graph.update"}
    nodes = {node["id"]: node for message in messages for node in message["nodes"]}
    assert nodes[f"container:{row.pk}"]["tone"] == "bad"
    assert (nodes[f"site:{site.pk}"]["state"], nodes[f"site:{site.pk}"]["tone"]) == (
        "stopped", "bad"
    )  # fmt: skip
    assert {scope["site"] for _, _, scope in told} == {site.pk}


def test_a_removed_container_is_told_as_gone(
    told: Told, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    host = make_host()
    row = make_container(host)
    with django_capture_on_commit_callbacks(execute=True):
        inventory.forget(row)
    assert [message["removed"] for _, message, _ in told] == [[f"container:{row.pk}"]]


def test_when_a_host_is_lost_all_on_it_is_told_as_unknown_at_once(
    told: Told, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    host = make_host()
    make_container(host)
    with django_capture_on_commit_callbacks(execute=True):
        reach.failed(host, DriverError("no route", "unreachable"))
    whole = [message for _, message, _ in told if "unknown_since" in message]
    assert [(one["host"], one["unknown_since"]) for one in whole] == [(host.pk, host.inventory_at)]
    nodes = {node["id"]: node for _, message, _ in told for node in message["nodes"]}
    assert nodes[f"host:{host.pk}"]["tone"] == "bad"


def test_a_look_at_a_host_is_told_to_the_graph_too(
    told: Told, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    host = make_host()
    with django_capture_on_commit_callbacks(execute=True):
        reach.looked_at(host, timezone.now())
    assert [message["type"] for _, message, _ in told] == ["hosts.seen"]


def test_it_says_what_the_graph_itself_says() -> None:
    from monitoring.graph import shown as graphs
    from monitoring.graph.telling import node_out

    host = make_host()
    site = make_site(host)
    make_container(host, "a", site=site, health="unhealthy")
    row = make_container(host, "b", site=site, state="exited", exit_code=2)
    graph = graphs.shown(EVERYTHING, graphs.Wanted()).graph
    message = {"items": [container_out(row)], "removed": []}
    sites = {"items": [site_out(one) for one in site_rows(EVERYTHING)], "removed": []}
    hosts = {"items": [host_out(one) for one in host_rows(EVERYTHING)], "removed": []}
    for _, update in (of_containers(message), of_sites(sites), of_hosts(hosts)):
        (node,) = update["nodes"]
        whole = node_out(graph.by_id[node["id"]])
        left_out = {"seen_at"} if node["id"].startswith("site:") else set()
        assert {k: v for k, v in node.items() if k not in left_out} == {
            name: whole[name] for name in node if name not in left_out
        }  # fmt: skip


def test_what_cannot_be_told_makes_everybody_look_again(monkeypatch: pytest.MonkeyPatch) -> None:
    put: list[Any] = []
    monkeypatch.setattr(live._publisher, "put", put.append)
    live.publish(["containers"], {"type": "containers.update"})  # without its items
    assert [one["topics"] for one in put] == [["containers"], []]
    assert put[-1] == live.GAP
