"""What the graph shows of a change: small messages that follow from those of rows.

Only states: that something new is there, or hangs on something else, is found by reading again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils import timezone

from monitoring.graph.rows import HostRow, Tally, tallies_of
from monitoring.graph.states import of_host, of_run, of_site
from monitoring.graph.telling import state_out
from monitoring.graph.things import Status
from sites.live import FOLLOWING
from sites.models.container import UNKNOWN

TOPIC: Final = "graph"
Message = Mapping[str, Any]
Told = tuple[str, dict[str, Any]]


def follow() -> None:
    """From now on each process tells of the graph as well."""
    FOLLOWING.update(_OF)


def of_containers(message: Message) -> Told:
    """``host`` and ``unknown_since`` when all that is on the host became unknown, or known (null)
    again."""
    nodes = [{"id": f"container:{item['id']}", **_container(item)} for item in message["items"]]
    removed = [f"container:{key}" for key in message["removed"]]
    lost = {name: message[name] for name in ("host", "unknown_since") if "unknown_since" in message}
    return _told(nodes, removed, lost)


def _container(item: Message) -> dict[str, Any]:
    word, tone = of_run(item["state"], item["health"], item["exit_code"])
    last = item["last_state"] if word == UNKNOWN else ""
    return state_out(
        Status(word, tone, item["state_since"], item["observed_at"], item["source"],
               item["unknown_since"], last)
    )  # fmt: skip


def of_sites(message: Message) -> Told:
    tallies: dict[int, list[Tally]] = defaultdict(list)
    for tally in tallies_of(item["id"] for item in message["items"]):
        tallies[tally.site].append(tally)
    nodes = [_site(item, tallies[item["id"]]) for item in message["items"]]
    return _told(nodes, [f"site:{key}" for key in message["removed"]], {})


def _site(item: Message, tallies: list[Tally]) -> dict[str, Any]:
    status = of_site(item["stage"], tallies, None, item["unknown_since"])
    counts = {"containers": item["containers"], "running": item["running"]}
    return {"id": f"site:{item['id']}", **state_out(status), "counts": counts}


def of_hosts(message: Message) -> Told:
    nodes = [{"id": f"host:{item['id']}", **_host(item)} for item in message["items"]]
    return _told(nodes, [f"host:{key}" for key in message.get("removed", ())], {})


def _host(item: Message) -> dict[str, Any]:
    row = HostRow(item["id"], item["name"], item["state"], item["state_since"],
                  item["inventory_at"], item["error"])  # fmt: skip
    return {**state_out(of_host(row, timezone.now())), "detail": item["error"]}


def _told(nodes: list[dict[str, Any]], removed: list[str], more: dict[str, Any]) -> Told:
    return TOPIC, {"type": "graph.update", "nodes": nodes, "removed": removed, **more}


_OF: Final[dict[str, Callable[[Message], Told]]] = {
    "containers.update": of_containers,
    "sites.update": of_sites,
    "hosts.update": of_hosts,
}
