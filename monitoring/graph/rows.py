"""What the graph is made of: the rows an account may see, in a constant number of queries.

Networks and volumes have no rows: they are what visible containers hang on, so nobody is shown
one of which they see no container.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import Case, Count, F, Q, Value, When
from django.utils import timezone

from monitoring.graph.things import Metrics
from monitoring.history.latest import Reading, readings_of
from monitoring.models import Series
from provisioning.models import Certificate, Proxy
from sites.models import Container, Host, Site
from sites.rights import Viewer

CADDY_SERVICE: Final = "caddy.service"


class HostRow(NamedTuple):
    pk: int
    name: str
    state: str
    state_since: datetime
    inventory_at: datetime | None
    error: str


class ProxyRow(NamedTuple):
    host: int
    container: str  # empty: a service of its host
    error: str
    loaded_at: datetime | None


class SiteRow(NamedTuple):
    pk: int
    host: int
    name: str
    stage: str
    found_at: datetime


class Tally(NamedTuple):
    """How many containers of a site are so. ``failed``: ended with an error."""

    site: int
    state: str
    health: str
    failed: bool
    number: int


class DomainRow(NamedTuple):
    pk: int
    host: int
    site: int
    name: str
    kind: str
    state: str  # of its certificate
    checked_at: datetime | None
    created_at: datetime


class ContainerRow(NamedTuple):
    pk: int
    host: int
    site: int | None
    name: str
    image: str
    state: str
    state_since: datetime
    health: str
    exit_code: int | None
    observed_at: datetime
    source: str
    project: str
    service: str
    attached: Mapping[str, Any]


class ServiceRow(NamedTuple):
    """The proxy of a host that is one of its services."""

    active: str
    at: datetime | None


@dataclass(frozen=True)
class Rows:
    """``hosts`` are all that anything is on; ``seen_hosts`` those that may be told of."""

    now: datetime
    hosts: Mapping[int, HostRow] = field(default_factory=dict)
    seen_hosts: frozenset[int] = frozenset()
    proxies: tuple[ProxyRow, ...] = ()
    services: Mapping[int, ServiceRow] = field(default_factory=dict)
    sites: tuple[SiteRow, ...] = ()
    tallies: tuple[Tally, ...] = ()
    domains: tuple[DomainRow, ...] = ()
    containers: tuple[ContainerRow, ...] = ()
    metrics: Mapping[str, Metrics] = field(default_factory=dict)


def read(
    user: Viewer,
    *,
    host: int | None = None,
    site: int | None = None,
    now: datetime | None = None,
) -> Rows:
    """All that the account may see; ``host`` and ``site`` narrow it to what is on or of one."""
    now = now or timezone.now()
    of_site = {"site": site} if site is not None else {}
    within: dict[str, Any] = {"host": host} if host is not None else {}
    sites = _sites(user, within | ({"pk": site} if site is not None else {}))
    containers = _containers(user, within | of_site)
    domains = _domains(user, within | of_site, now)
    needed = {row.host for row in sites} | {row.host for row in domains}
    needed |= {row.host for row in containers}
    only = needed if site is not None else None
    seen = _seen_hosts(user, host, only)
    proxies = _proxies(seen)
    behind = {} if site is None else {row.pk: row for row in _of_proxies(user, seen)}
    return Rows(
        now=now,
        hosts={**_hosts(needed - seen.keys()), **seen},
        seen_hosts=frozenset(seen),
        proxies=proxies,
        services=_services(seen),
        sites=sites,
        tallies=tallies_of(row.pk for row in sites),
        domains=domains,
        containers=tuple({**{row.pk: row for row in containers}, **behind}.values()),
        metrics=_metrics(needed | seen.keys(), now),
    )


def _metrics(hosts: Collection[int], now: datetime) -> dict[str, Metrics]:
    """By the node's id."""
    found = readings_of(hosts, now=now, kinds=_MEASURED)
    return {f"{kind}:{key}": _of_reading(one) for (kind, key, _), one in found.items()}


_MEASURED: Final = (Series.Kind.CONTAINER, Series.Kind.SITE, Series.Kind.HOST)


def _of_reading(one: Reading) -> Metrics:
    def mean(name: str) -> float | None:
        value = one.values.get(name)
        return None if value is None else round(value, 3)

    return Metrics(one.until, mean("cpu_percent"), mean("memory_bytes"), mean("memory_limit_bytes"))


def _seen_hosts(user: Viewer, host: int | None, only: set[int] | None) -> dict[int, HostRow]:
    rows = Host.objects.visible_to(user)
    if host is not None:
        rows = rows.filter(pk=host)
    if only is not None:
        rows = rows.filter(pk__in=only)
    return {row[0]: HostRow(*row) for row in rows.order_by("name").values_list(*_OF_HOST)}


def _hosts(keys: Iterable[int]) -> dict[int, HostRow]:
    """Of which no more is told than its name, and whether what is on it is known."""
    rows = Host.objects.filter(pk__in=list(keys)).order_by("name")
    return {row[0]: HostRow(*row) for row in rows.values_list(*_OF_HOST)}


_OF_HOST: Final = ("pk", "name", "state", "state_since", "inventory_at", "error")


def _proxies(hosts: Iterable[int]) -> tuple[ProxyRow, ...]:
    rows = Proxy.objects.filter(host__in=list(hosts)).order_by("host__name")
    columns = ("host_id", "container", "error", "loaded_at")
    return tuple(ProxyRow(*row) for row in rows.values_list(*columns))


def _services(hosts: Iterable[int]) -> dict[int, ServiceRow]:
    rows = Host.objects.filter(pk__in=list(hosts), proxy__container="")
    found = {}
    for key, services, at in rows.values_list("pk", "services", "services_at"):
        named = {one.get("name"): one for one in services if isinstance(one, dict)}
        found[key] = ServiceRow(str(named.get(CADDY_SERVICE, {}).get("active", "")), at)
    return found


def _sites(user: Viewer, within: dict[str, Any]) -> tuple[SiteRow, ...]:
    rows = Site.objects.visible_to(user).filter(**within).order_by("name", "pk")
    columns = ("pk", "host_id", "name", "stage", "found_at")
    return tuple(SiteRow(*row) for row in rows.values_list(*columns))


def tallies_of(sites: Iterable[int]) -> tuple[Tally, ...]:
    failed = Case(When(Q(exit_code=0) | Q(exit_code=None), then=Value(False)), default=Value(True))
    rows = Container.objects.filter(site__in=list(sites)).order_by()
    counted = rows.annotate(failed=failed).values("site_id", "state", "health", "failed")
    columns = ("site_id", "state", "health", "failed", "number")
    return tuple(Tally(*row) for row in counted.annotate(number=Count("pk")).values_list(*columns))


def _domains(user: Viewer, within: dict[str, Any], now: datetime) -> tuple[DomainRow, ...]:
    rows: Any = Certificate.objects.visible_to(user).filter(**within)
    rows = rows.live(now=now).select_related(None).order_by("name", "pk")
    checked = F("certificate_check__checked_at")
    columns = ("pk", "host_id", "site_id", "name", "kind", "live_state", "checked", "created_at")
    return tuple(DomainRow(*row) for row in rows.annotate(checked=checked).values_list(*columns))


def _containers(user: Viewer, within: dict[str, Any]) -> tuple[ContainerRow, ...]:
    rows = Container.objects.visible_to(user).filter(**within).order_by("name", "pk")
    return tuple(ContainerRow(*row) for row in rows.values_list(*_OF_CONTAINER))


def _of_proxies(user: Viewer, hosts: Iterable[int]) -> tuple[ContainerRow, ...]:
    """The containers that are the proxies of these hosts: of no site, and in each site's way."""
    rows = Container.objects.visible_to(user).filter(
        host__in=list(hosts), name=F("host__proxy__container")
    )
    return tuple(ContainerRow(*row) for row in rows.order_by("pk").values_list(*_OF_CONTAINER))


_OF_CONTAINER: Final = (
    "pk", "host_id", "site_id", "name", "image", "state", "state_since", "health", "exit_code",
    "observed_at", "source", "compose_project", "compose_service", "attached",
)  # fmt: skip
