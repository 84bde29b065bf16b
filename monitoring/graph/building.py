"""From rows to the graph: a pure function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from monitoring.graph import states
from monitoring.graph.rows import ContainerRow, DomainRow, HostRow, ProxyRow, Rows, SiteRow, Tally
from monitoring.graph.things import Edge, Graph, Kind, Link, Node, Status, Tone

_NOT_SHARED: Final = frozenset({"none", "host"})  # Docker's, which join nobody to anybody


def build(rows: Rows) -> Graph:
    return _Builder(rows).graph()


class _Builder:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._nodes: dict[str, Node] = {}
        self._edges: dict[tuple[str, str, Link], Edge] = {}
        self._lost = {key: states.unknown_since(host, rows.now) for key, host in rows.hosts.items()}
        self._tallies: dict[int, list[Tally]] = defaultdict(list)
        for tally in rows.tallies:
            self._tallies[tally.site].append(tally)
        self._proxies = {row.host for row in rows.proxies}
        self._sites = {row.pk for row in rows.sites}
        self._named = {(row.host, row.name): row for row in rows.containers}
        self._hosts_with_containers = {row.host for row in rows.containers}

    def graph(self) -> Graph:
        for domain in self._rows.domains:
            self._add_domain(domain)
        for proxy in self._rows.proxies:
            self._add_proxy(proxy)
        for site in self._rows.sites:
            self._add_site(site)
        for container in self._rows.containers:
            self._add_container(container)
        self._add_dependencies()
        for host in self._rows.hosts.values():
            self._add_host(host)
        order = {kind: place for place, kind in enumerate(Kind)}
        nodes = sorted(self._nodes.values(), key=lambda node: order[node.kind])
        return Graph(tuple(nodes), tuple(self._edges.values()))

    def _add(self, node: Node) -> None:
        self._nodes[node.id] = node

    def _link(self, source: str, target: str, kind: Link, *, implied: bool = False) -> None:
        self._edges.setdefault((source, target, kind), Edge(source, target, kind, implied))

    def _placed(self, host: int) -> tuple[HostRow, datetime | None]:
        return self._rows.hosts[host], self._lost[host]

    def _add_domain(self, row: DomainRow) -> None:
        node = f"domain:{row.pk}"
        host, _ = self._placed(row.host)
        self._add(Node(node, Kind.DOMAIN, row.name, states.of_domain(row), row.pk, row.host,
                       host.name, row.site, row.kind))  # fmt: skip
        site, proxy = f"site:{row.site}", f"proxy:{row.host}"
        if row.host not in self._proxies:
            return self._link(node, site, Link.ROUTES)
        self._link(node, proxy, Link.ROUTES)
        self._link(node, site, Link.DEPENDS_ON, implied=True)
        self._link(proxy, site, Link.ROUTES)

    def _add_proxy(self, row: ProxyRow) -> None:
        node, (host, lost) = f"proxy:{row.host}", self._placed(row.host)
        own = self._named.get((row.host, row.container))
        if own is None and row.container and row.host not in self._hosts_with_containers:
            lost = lost or host.inventory_at or host.state_since  # nobody can tell
        seen = states.of_container(own, host, lost) if own else None
        status = states.of_proxy(row, self._rows.services.get(row.host), seen, lost)
        self._add(Node(node, Kind.PROXY, f"Caddy on {host.name}", status, row.host, row.host,
                       host.name, None, row.error))  # fmt: skip
        on = f"container:{own.pk}" if own else f"host:{row.host}"
        self._link(node, on, Link.RUNS_ON)

    def _add_site(self, row: SiteRow) -> None:
        node, (host, lost) = f"site:{row.pk}", self._placed(row.host)
        tallies = self._tallies[row.pk]
        total = sum(one.number for one in tallies)
        running = sum(one.number for one in tallies if one.state == "running")
        status = states.of_site(row.stage, tallies, host.inventory_at, lost)
        counts = {"containers": total, "running": running}
        self._add(
            Node(
                node, Kind.SITE, row.name, status, row.pk, row.host, host.name, row.pk,
                f"{running} of {total} running" if total else "",
                self._rows.metrics.get(node), counts=counts,
            )
        )  # fmt: skip
        self._link(node, f"host:{row.host}", Link.RUNS_ON, implied=bool(total))

    def _add_container(self, row: ContainerRow) -> None:
        node, (host, lost) = f"container:{row.pk}", self._placed(row.host)
        status = states.of_container(row, host, lost)
        self._add(
            Node(
                node, Kind.CONTAINER, row.name, status, row.pk, row.host, host.name, row.site,
                row.image, self._rows.metrics.get(node),
            )
        )  # fmt: skip
        if row.site in self._sites:
            self._link(f"site:{row.site}", node, Link.RUNS_ON)
        hangs = [
            *self._attach(node, row, Kind.NETWORK, _names(row, "networks")),
            *self._attach(node, row, Kind.VOLUME, _names(row, "volumes")),
        ]
        self._link(node, f"host:{row.host}", Link.RUNS_ON, implied=bool(hangs))

    def _attach(
        self, node: str, row: ContainerRow, kind: Kind, names: Iterable[str]
    ) -> Iterator[str]:
        """To networks or volumes, which are of one site while only its containers hang on them."""
        link = Link.CONNECTS if kind == Kind.NETWORK else Link.MOUNTS
        for name in names:
            key = f"{kind}:{row.host}:{name}"
            host, lost = self._placed(row.host)
            known = self._nodes.get(key)
            if known is None:
                status = states.of_attached(host, lost)
                self._add(Node(key, kind, name, status, None, row.host, host.name, row.site))
                self._link(key, f"host:{row.host}", Link.RUNS_ON)
            elif known.site != row.site:
                self._add(replace(known, site=None))
            self._link(node, key, link)
            yield key

    def _add_dependencies(self) -> None:
        """Between services of one compose project on one host."""
        services: dict[tuple[int, str, str], list[str]] = defaultdict(list)
        for row in self._rows.containers:
            if row.project and row.service:
                services[row.host, row.project, row.service].append(f"container:{row.pk}")
        for row in self._rows.containers:
            for service in _names(row, "needs") if row.project else ():
                for target in services.get((row.host, row.project, service), ()):
                    self._link(f"container:{row.pk}", target, Link.DEPENDS_ON)

    def _add_host(self, row: HostRow) -> None:
        node, seen = f"host:{row.pk}", row.pk in self._rows.seen_hosts
        status = states.of_host(row, self._rows.now) if seen else Status(states.HIDDEN, Tone.STILL)
        metrics = self._rows.metrics.get(node) if seen else None
        self._add(Node(node, Kind.HOST, row.name, status, row.pk, row.pk, row.name, None,
                       row.error if seen else "", metrics))  # fmt: skip


def _names(row: ContainerRow, what: str) -> list[str]:
    found = row.attached.get(what, ())
    return [name for name in found if isinstance(name, str) and name not in _NOT_SHARED]
