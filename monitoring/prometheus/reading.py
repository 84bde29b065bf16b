"""What one scrape reads: a fixed number of queries, whatever there is to see."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Count

from monitoring.health.lag import MonitorHealth, monitor_health
from monitoring.health.parts import canary_age_s
from monitoring.history.latest import Readings, readings_of
from provisioning.certificates.rows import certificate_rows
from provisioning.models import Operation
from sites.models import Container, Host, Site
from sites.rights import Viewer, may
from sites.schemas import host_is_fresh

_OF_HOST: Final = ("name", "state", "state_since", "inventory_at")


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
        certificates=list(certificate_rows(user, now=now).order_by("pk")),
        operations=sorted(counted),
        waiting_since=waiting.values_list("created_at", flat=True).first(),
        # What nobody sees now has no reading, and never 0.
        readings=readings_of(fresh, now=now),
        own=_own(user, now),
    )


def _with_host(rows: Any, *columns: str) -> Any:
    return rows.select_related("host").only(*columns, "host", *(f"host__{one}" for one in _OF_HOST))


def _own(user: Viewer, now: datetime) -> Own | None:
    if not may(user, "sites.view_host"):
        return None
    return Own(monitor_health(now=now), canary_age_s(now))
