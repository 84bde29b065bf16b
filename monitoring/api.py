"""What was used, and what hangs on what, over HTTP: /api/metrics and /api/graph."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Query, Router, Schema
from pydantic import field_validator

from audit.moments import Moment, moment_in
from audit.searching import MAX_SEARCH
from monitoring.graph import shown as graphs
from monitoring.graph.telling import GraphOut, ImpactOut
from monitoring.graph.things import Kind, Tone
from monitoring.history import shown
from monitoring.history.levels import YEAR_S
from monitoring.history.shown import Wanted
from sites.answers import MAX_KEY, found, json_answer, need
from sites.models import Container, Host, Site
from sites.paging import BadQuery

metrics = Router(tags=["metrics"])
graph = Router(tags=["graph"])

_MOMENT: Final = "ISO 8601; without a zone it is UTC; "


class MetricsQuery(Schema):
    """Without a resolution, the finest that answers in at most 200 steps."""

    begin: Moment | None = Field(
        None, alias="from", description=_MOMENT + "an hour before `to` if it is left out"
    )
    end: Moment | None = Field(None, alias="to", description=_MOMENT + "now if it is left out")
    resolution: int | None = Field(
        None, ge=1, le=YEAR_S, description="seconds a step is to have at least, as far as kept"
    )

    @field_validator("begin", mode="before")
    @classmethod
    def _from_the_day_s_begin(cls, value: Any) -> Any:
        return moment_in(value, time.min)

    @field_validator("end", mode="before")
    @classmethod
    def _to_the_day_s_end(cls, value: Any) -> Any:
        return moment_in(value, time.max)

    def wanted(self) -> Wanted:
        """Raises BadQuery when it ends before it begins."""
        if self.begin is not None and self.end is not None and self.begin > self.end:
            raise BadQuery("This range ends before it begins.", field="to")
        return Wanted(self.begin, self.end, self.resolution)


class ColumnOut(Schema):
    """One value a step, null where nothing was measured."""

    unit: str
    min: list[float | None]
    avg: list[float | None]
    max: list[float | None]


class DiskMetrics(Schema):
    mount: str
    metrics: dict[str, ColumnOut]


class MetricsOut(Schema):
    """Regular steps: ``at`` is when each began. ``sources`` says where its numbers come from:
    cgroup (the kernel), docker (Docker's stats) or null (nothing was measured)."""

    kind: str
    id: int | None
    name: str
    begin: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    resolution_s: int
    at: list[datetime]
    sources: list[str | None]
    metrics: dict[str, ColumnOut]


class HostMetrics(MetricsOut):
    disks: list[DiskMetrics]


class SystemMetrics(MetricsOut):
    hosts: list[int] = Field(description="how many hosts each step is the sum of")


@metrics.get("/containers/{int:container_id}", response=MetricsOut, by_alias=True)
def container_metrics(
    request: HttpRequest, container_id: int, query: Query[MetricsQuery]
) -> HttpResponse:
    row = found(Container.objects.visible_to(request.user), container_id)
    return json_answer(shown.of_container(row, query.wanted(), now=timezone.now()))


@metrics.get("/sites/{int:site_id}", response=MetricsOut, by_alias=True)
def site_metrics(request: HttpRequest, site_id: int, query: Query[MetricsQuery]) -> HttpResponse:
    """The sum of its containers, those that were replaced by releases included."""
    row = found(Site.objects.visible_to(request.user), site_id)
    return json_answer(shown.of_site(row, query.wanted(), now=timezone.now()))


@metrics.get("/hosts/{int:host_id}", response=HostMetrics, by_alias=True)
def host_metrics(request: HttpRequest, host_id: int, query: Query[MetricsQuery]) -> HttpResponse:
    row = found(Host.objects.visible_to(request.user), host_id)
    return json_answer(shown.of_host(row, query.wanted(), now=timezone.now()))


@metrics.get("/system", response=SystemMetrics, by_alias=True)
def system_metrics(request: HttpRequest, query: Query[MetricsQuery]) -> HttpResponse:
    """The sum of all hosts that the account sees. The extremes of several hosts need not have been
    at the same time: `min` and `max` are bounds."""
    need(request.user, "sites.view_host")
    rows = list(Host.objects.visible_to(request.user).only("pk"))
    return json_answer(shown.of_hosts(rows, query.wanted(), now=timezone.now()))


class GraphQuery(Schema):
    """Without ``grouped``, sites are collapsed when there are more than 300 nodes."""

    host: str = Field("", max_length=MAX_SEARCH, description="key or name of a host")
    site: int | None = Field(None, ge=0, le=MAX_KEY, description="key of a site: opens it")
    state: list[Tone] = Field([], max_length=len(Tone), description="may be repeated")
    grouped: bool | None = Field(None, description="collapse the sites, or list everything")

    def wanted(self) -> graphs.Wanted:
        return graphs.Wanted(self.host, self.site, self.state, self.grouped)


class ImpactQuery(Schema):
    """A node: a network's or volume's key is that of its host, and it has a name."""

    kind: Kind
    key: int = Field(ge=0, le=MAX_KEY)
    name: str = Field("", max_length=MAX_SEARCH)


@graph.get("", response=GraphOut)
def whole_graph(request: HttpRequest, query: Query[GraphQuery]) -> HttpResponse:
    """Domains, proxies, sites, containers, networks, volumes, hosts and NAS, as far as the account
    sees them, and what each needs of the others."""
    need(request.user, "sites.view_site")
    return json_answer(graphs.shown(request.user, query.wanted()).out())


@graph.get("/impact", response=ImpactOut)
def impact(request: HttpRequest, query: Query[ImpactQuery]) -> HttpResponse:
    """What breaks if this stops, of what the account sees."""
    need(request.user, "sites.view_site")
    node = f"{query.kind}:{query.key}" + (f":{query.name}" if query.name else "")
    return json_answer(graphs.impact(request.user, node))
