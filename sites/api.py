"""Containers and sites over HTTP, to read. What changes them is in `provisioning/api`, but for what
has the address of a list."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from audit.record import Actor
from provisioning import engine
from provisioning.new_container.on_host import ContainerOnHost
from provisioning.previews import host_for
from provisioning.schemas import OperationOut, operation_out
from sites.answers import (
    IDEMPOTENCY_KEY,
    found,
    idempotency_key,
    json_answer,
    list_parameters,
    need,
)
from sites.filters import ContainerFilter, SiteFilter
from sites.paging import Page, Paging, filtered, page_of
from sites.rows import container_rows, site_rows
from sites.schemas import (
    ContainerDetail,
    ContainerOut,
    SiteOut,
    container_detail,
    container_out,
    site_out,
)

containers = Router(tags=["containers"])
sites = Router(tags=["sites"])

CONTAINER_ORDERS: Final = {
    "name": "name",
    "id": "pk",
    "host": "host__name",
    "state": "live_state",
    "state_since": "state_since",
    "image": "image",
    "restart_count": "restart_count",
}
SITE_ORDERS: Final = {"name": "name", "id": "pk", "host": "host__name", "found_at": "found_at"}


class ContainerPage(Page):
    items: list[ContainerOut]


class SitePage(Page):
    items: list[SiteOut]


@containers.get("", response=ContainerPage, openapi_extra=list_parameters(ContainerFilter))
def list_containers(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """All containers of all hosts. Order by name, id, host, state, state_since, image or
    restart_count; a minus turns the order."""
    need(request.user, "sites.view_container")
    rows = filtered(ContainerFilter, request, container_rows(request.user))
    return json_answer(
        page_of(rows, paging, orderings=CONTAINER_ORDERS, default="name", out=container_out)
    )


@containers.post("", response={202: OperationOut}, openapi_extra={"parameters": [IDEMPOTENCY_KEY]})
def create_container(request: HttpRequest, body: ContainerOnHost) -> HttpResponse:
    """Make a container and start it. Judged as a site's services are; a failure takes back what
    was made. The same as ``POST /hosts/{id}/container-create``."""
    row = engine.start(
        "container.create",
        host_for(body.host, request.user),
        actor=Actor.of_request(request, "api"),
        params=body.told_of_it(),
        idempotency_key=idempotency_key(request),
    )
    return json_answer(operation_out(row), status=202)


@containers.get("/{int:container_id}", response=ContainerDetail)
def show_container(request: HttpRequest, container_id: int) -> HttpResponse:
    rows = container_rows(request.user).defer(None)
    return json_answer(container_detail(found(rows, container_id)))


@sites.get("", response=SitePage, openapi_extra=list_parameters(SiteFilter))
def list_sites(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """All sites. Order by name, id, host or found_at; a minus turns the order."""
    need(request.user, "sites.view_site")
    rows = filtered(SiteFilter, request, site_rows(request.user))
    return json_answer(page_of(rows, paging, orderings=SITE_ORDERS, default="name", out=site_out))


@sites.get("/{int:site_id}", response=SiteOut)
def show_site(request: HttpRequest, site_id: int) -> HttpResponse:
    return json_answer(site_out(found(site_rows(request.user), site_id)))
