"""Hosts over HTTP. Secrets go in and never come out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import BaseModel

from audit.record import Actor
from provisioning import engine
from provisioning.api.actions import add_actions
from provisioning.asking import ask
from provisioning.models import Operation
from provisioning.operations.host_new_keys import NewKey
from provisioning.operations.host_records import Fingerprint, HostFields, NewHost
from provisioning.schemas import OperationOut, operation_out
from sites.answers import (
    IDEMPOTENCY_KEY,
    found,
    idempotency_key,
    json_answer,
    list_parameters,
    need,
)
from sites.filters import HostFilter
from sites.models import Host
from sites.paging import Page, Paging, filtered, page_of
from sites.rows import host_rows
from sites.schemas import HostOut, host_out

hosts = Router(tags=["hosts"])
add_actions(hosts, "host")

ORDERS: Final = {"name": "name", "id": "pk", "state": "state", "state_since": "state_since"}
_CHANGES: Final[dict[str, Any]] = {"parameters": [IDEMPOTENCY_KEY]}


class HostPage(Page):
    items: list[HostOut]


class Facts(Schema):
    """What the host was found to be, and when that was read."""

    host: int
    facts: dict[str, Any]
    facts_at: datetime | None


class Services(Schema):
    """systemd services as last read."""

    host: int
    services: list[dict[str, Any]]
    services_at: datetime | None


class GeneratedKey(Schema):
    """``generated_key`` is what to name it by; it is no secret, and worth nothing to others."""

    generated_key: str
    public_key: str
    fingerprint: str
    expires_at: datetime


class HostFarewell(Schema):
    """``confirm_name`` is the host's name."""

    confirm_name: str


@hosts.get("", response=HostPage, openapi_extra=list_parameters(HostFilter))
def list_hosts(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """All hosts. Order by name, id, state or state_since; a minus turns the order."""
    need(request.user, "sites.view_host")
    rows = filtered(HostFilter, request, host_rows(request.user))
    return json_answer(page_of(rows, paging, orderings=ORDERS, default="name", out=host_out))


@hosts.post("", response={201: HostOut}, openapi_extra=_CHANGES)
def add_host(request: HttpRequest, body: NewHost) -> HttpResponse:
    """Add a host. Its key is still to be approved; until then nothing is sent to it."""
    row = _start(request, "host.add", None, body)
    return _shown(request, row.result["host"], status=201)


@hosts.post("/generate-key", response={201: GeneratedKey}, openapi_extra=_CHANGES)
def generate_key(request: HttpRequest, body: NewKey) -> HttpResponse:
    """Make a key pair for a host that is still to come, to put the public half on it first.

    The private half never leaves SiteFlow. Within a day, and once, the account that asked for it
    names it as ``generated_key`` when it adds or changes a host, with ``auth`` "generated".
    """
    return json_answer(_start(request, "host.generate-key", None, body).result, status=201)


@hosts.get("/{int:host_id}", response=HostOut)
def show_host(request: HttpRequest, host_id: int) -> HttpResponse:
    return _shown(request, host_id)


@hosts.patch("/{int:host_id}", response=HostOut, openapi_extra=_CHANGES)
def change_host(request: HttpRequest, host_id: int, body: HostFields) -> HttpResponse:
    """Change what is given. Another address or port means its key must be approved anew."""
    _start(request, "host.change", _target(request, host_id), body)
    return _shown(request, host_id)


@hosts.delete("/{int:host_id}", response=OperationOut, openapi_extra=_CHANGES)
def remove_host(request: HttpRequest, host_id: int, body: HostFarewell) -> HttpResponse:
    """Forget a host and all that was known of it. On the host itself nothing is touched."""
    row = ask(
        "host.remove",
        target_id=host_id,
        user=request.user,
        actor=Actor.of_request(request, "api"),
        confirm_name=body.confirm_name,
        idempotency_key=idempotency_key(request),
    )
    return json_answer(operation_out(row))


@hosts.post("/{int:host_id}/approve-key", response=HostOut, openapi_extra=_CHANGES)
def approve_host_key(request: HttpRequest, host_id: int, body: Fingerprint) -> HttpResponse:
    """Trust the key the host offers, if this is its fingerprint."""
    _start(request, "host.approve-key", _target(request, host_id), body)
    return _shown(request, host_id)


@hosts.get("/{int:host_id}/facts", response=Facts)
def host_facts(request: HttpRequest, host_id: int) -> HttpResponse:
    row = _target(request, host_id)
    return json_answer({"host": row.pk, "facts": row.facts, "facts_at": row.facts_at})


@hosts.get("/{int:host_id}/services", response=Services)
def host_services(request: HttpRequest, host_id: int) -> HttpResponse:
    row = _target(request, host_id)
    return json_answer({"host": row.pk, "services": row.services, "services_at": row.services_at})


def _target(request: HttpRequest, host_id: int) -> Host:
    return found(Host.objects.visible_to(request.user), host_id)


def _shown(request: HttpRequest, host_id: int, *, status: int = 200) -> HttpResponse:
    return json_answer(host_out(found(host_rows(request.user), host_id)), status=status)


def _start(request: HttpRequest, kind: str, target: Model | None, body: BaseModel) -> Operation:
    return engine.start(
        kind,
        target,
        actor=Actor.of_request(request, "api"),
        # SecretStr stays SecretStr: the values are never dumped as text here.
        params=body.model_dump(exclude_unset=True),
        idempotency_key=idempotency_key(request),
    )
