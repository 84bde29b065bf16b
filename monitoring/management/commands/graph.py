"""manage.py graph [--json|--dot] [--impact NODE]"""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_json, print_rows
from monitoring.graph import shown as graphs
from monitoring.graph.dot import dot
from monitoring.graph.shown import Wanted
from monitoring.graph.telling import node_out
from monitoring.graph.things import Graph, Tone
from provisioning.management.naming import site_named
from sites.rows import EVERYTHING

COLUMNS: Final = ("id", "name", "state", "detail", "host_name", "needs")
HITS: Final = ("level", "kind", "name", "because", "via")

OfHost = Annotated[str, typer.Option("--host", metavar="NAME", help="only what is on this host")]
OfSite = Annotated[str, typer.Option("--site", metavar="[HOST/]NAME", help="only of this site")]
InState = Annotated[
    list[Tone] | None, typer.Option("--state", help="only what is so; may be repeated")
]
AsDot = Annotated[bool, typer.Option("--dot", help="Print text for Graphviz: | dot -Tsvg")]
Impact = Annotated[
    str, typer.Option("--impact", metavar="ID", help="what breaks if this stops, as container:7")
]
Grouped = Annotated[bool, typer.Option("--grouped", help="each site as one node")]


class Command(ConsoleCommand):
    """What hangs on what: domains, proxies, sites, containers, networks, volumes, hosts, NAS."""

    def handle(
        self,
        host: OfHost = "",
        site: OfSite = "",
        state: InState = None,
        grouped: Grouped = False,
        impact: Impact = "",
        as_dot: AsDot = False,
        as_json: AsJson = False,
    ) -> None:
        if impact:
            told = graphs.impact(EVERYTHING, impact)
            rows = told if as_json else told["hits"]
            return self._print(rows, HITS, as_json=as_json)
        key = site_named(site).pk if site else None
        found = graphs.shown(EVERYTHING, Wanted(host, key, state or (), grouped))
        if as_dot:
            return self.stdout.write(dot(found.graph))
        self._print(found.out() if as_json else _lines(found.graph), COLUMNS, as_json=as_json)

    def _print(self, told: Any, columns: tuple[str, ...], *, as_json: bool) -> None:
        if as_json:
            return print_json(told, to=self.stdout)
        print_rows(told, columns=columns, as_json=False, to=self.stdout)


def _lines(graph: Graph) -> list[dict[str, Any]]:
    """For people: a line a node, with what it needs."""
    return [
        {
            **node_out(node),
            "needs": ", ".join(
                graph.by_id[edge.target].name
                for edge in graph.needs.get(node.id, ())
                if not edge.implied
            ),
        }
        for node in graph.nodes
    ]
