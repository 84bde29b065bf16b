"""Rows of a graph, made by hand: no database is needed to build one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from monitoring.graph.rows import (
    ContainerRow,
    DomainRow,
    HostRow,
    ProxyRow,
    Rows,
    SiteRow,
    Tally,
)

NOW: Final = datetime(2026, 1, 2, 12, tzinfo=UTC)
JUST_NOW: Final = NOW - timedelta(seconds=1)
LONG_AGO: Final = NOW - timedelta(hours=1)


def host(pk: int = 1, name: str = "web1", *, state: str = "reachable", **values: Any) -> HostRow:
    told: dict[str, Any] = {"state_since": LONG_AGO, "inventory_at": JUST_NOW, "error": ""}
    return HostRow(pk, name, state, **(told | values))


def container(
    pk: int, name: str, *, attached: dict[str, list[str]] | None = None, **values: Any
) -> ContainerRow:
    told: dict[str, Any] = {
        "host": 1, "site": 1, "image": "nginx:1.27", "state": "running", "state_since": LONG_AGO,
        "health": "", "exit_code": None, "observed_at": LONG_AGO, "source": "event",
        "project": "shop", "service": name, "attached": attached or {},
    }  # fmt: skip
    told |= values
    return ContainerRow(pk=pk, name=name, **told)


def site(pk: int = 1, name: str = "shop", **values: Any) -> SiteRow:
    told: dict[str, Any] = {"host": 1, "stage": "live", "found_at": LONG_AGO}
    return SiteRow(pk=pk, name=name, **(told | values))


def domain(pk: int = 1, name: str = "shop.example.com", **values: Any) -> DomainRow:
    told: dict[str, Any] = {
        "host": 1, "site": 1, "kind": "primary", "state": "ok", "checked_at": JUST_NOW,
        "created_at": LONG_AGO,
    }  # fmt: skip
    return DomainRow(pk=pk, name=name, **(told | values))


def rows(*things: Any, seen_hosts: frozenset[int] | None = None, **values: Any) -> Rows:
    """Tallies are counted of the containers."""
    hosts = {one.pk: one for one in things if isinstance(one, HostRow)}
    containers = tuple(one for one in things if isinstance(one, ContainerRow))
    tallies = tuple(
        Tally(one.site, one.state, one.health, bool(one.exit_code), 1)
        for one in containers
        if one.site is not None
    )
    told: dict[str, Any] = {
        "hosts": hosts,
        "seen_hosts": frozenset(hosts) if seen_hosts is None else seen_hosts,
        "proxies": tuple(one for one in things if isinstance(one, ProxyRow)),
        "sites": tuple(one for one in things if isinstance(one, SiteRow)),
        "domains": tuple(one for one in things if isinstance(one, DomainRow)),
        "tallies": tallies,
        "containers": containers,
    }  # fmt: skip
    return Rows(now=NOW, **(told | values))


def shop(**values: Any) -> Rows:
    """A domain, a proxy, a site of two containers, a network, a volume and a host."""
    return rows(
        host(),
        ProxyRow(1, "caddy", "", JUST_NOW),
        site(),
        domain(),
        container(1, "web", attached={"networks": ["shop_default", "edge"], "needs": ["db"]}),
        container(2, "db", attached={"networks": ["shop_default"], "volumes": ["shop_db"]}),
        container(3, "caddy", site=None, project="", service="", attached={"networks": ["edge"]}),
        **values,
    )
