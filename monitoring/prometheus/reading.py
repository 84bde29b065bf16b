"""What one scrape reads: a fixed number of queries, whatever there is to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count

from monitoring.health.lag import MonitorHealth, monitor_health
from monitoring.health.parts import canary_age_s
from monitoring.history.levels import LEVELS
from monitoring.history.packing import unpacked
from monitoring.models import Point
from provisioning.certificates.rows import certificate_rows
from provisioning.models import Operation
from sites.models import Container, Host, Site
from sites.rights import Viewer, may
from sites.schemas import host_is_fresh

# Of a thing that was measured a minute or two ago, as a minute is written when it has ended.
_LATELY: Final = timedelta(minutes=3)
_MINUTE: Final = timedelta(seconds=LEVELS[0].step_s)
_OF_HOST: Final = ("name", "state", "state_since", "inventory_at")


@dataclass(frozen=True, slots=True)
class Reading:
    """The averages of the last minute that was measured, and when that minute ended."""

    until: datetime
    values: Mapping[str, float]


# By kind, the key of host, container or site, and the mount of a disk.
Readings = Mapping[tuple[str, int, str], Reading]


@dataclass(frozen=True, slots=True)
class Own:
    """Of SiteFlow itself, for who sees every host."""

    health: MonitorHealth
    canary_age_s: float | None


@dataclass(frozen=True, slots=True)
class Seen:
    now: datetime
    hosts: list[Host]
    sites: list[Site]
    containers: list[Container]
    certificates: list[Any]
    operations: list[tuple[str, str, int]]
    waiting_since: datetime | None
    readings: Readings = field(default_factory=dict)
    own: Own | None = None


def seen_by(user: Viewer, *, now: datetime) -> Seen:
    hosts = list(Host.objects.visible_to(user).only(*_OF_HOST))
    sites = list(_with_host(Site.objects.visible_to(user), "name", "project", "stage"))
    columns = ("name", "state", "health", "restart_count", "site_id")
    containers = list(_with_host(Container.objects.visible_to(user), *columns).order_by("pk"))
    fresh = {row.pk for row in hosts if host_is_fresh(row, now=now)}
    fresh |= {row.host_id for row in (*sites, *containers) if host_is_fresh(row.host, now=now)}
    operations = Operation.objects.visible_to(user).order_by()
    waiting = operations.filter(status=Operation.Status.QUEUED).order_by("created_at")
    counted = operations.values_list("kind", "status").annotate(number=Count("pk"))
    return Seen(
        now=now,
        hosts=hosts,
        sites=sites,
        containers=containers,
        certificates=list(certificate_rows(user).order_by("pk")),
        operations=sorted(counted),
        waiting_since=waiting.values_list("created_at", flat=True).first(),
        readings=_readings(fresh, now),
        own=_own(user, now),
    )


def _with_host(rows: Any, *columns: str) -> Any:
    return rows.select_related("host").only(*columns, "host", *(f"host__{one}" for one in _OF_HOST))


def _readings(hosts: set[int], now: datetime) -> Readings:
    """Only of hosts that are reached: what nobody sees now has no reading, and never 0."""
    rows = Point.objects.filter(
        series__host_id__in=hosts, level=LEVELS[0].number, at__gte=now - _LATELY - _MINUTE
    ).order_by("at")
    columns = ("series__kind", "series__host_id", "series__container_id", "series__site_id")
    found: dict[tuple[str, int, str], Reading] = {}
    for kind, host, container, site, mount, at, data in rows.values_list(
        *columns, "series__mount", "at", "data"
    ):
        means = {name: one.mean for name, one in unpacked(kind, bytes(data)).values.items()}
        found[kind, container or site or host, mount] = Reading(at + _MINUTE, means)
    return found


def _own(user: Viewer, now: datetime) -> Own | None:
    if not may(user, "sites.view_host"):
        return None
    return Own(monitor_health(now=now), canary_age_s(now))
