"""Domains of sites over HTTP. Passwords go in and never come out, nor do their hashes."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema
from pydantic import BaseModel

from audit.record import Actor
from provisioning.api.actions import add_actions
from provisioning.asking import ask
from provisioning.models import Operation
from provisioning.operations.domains import DomainFields, NewDomain, Password, Username
from provisioning.schemas import OperationOut, operation_out
from sites.answers import (
    IDEMPOTENCY_KEY,
    MAX_KEY,
    found,
    idempotency_key,
    json_answer,
    list_parameters,
    need,
)
from sites.filters import DomainFilter
from sites.paging import Page, Paging, filtered, page_of
from sites.rows import domain_rows
from sites.schemas import DomainOut, domain_out

domains = Router(tags=["domains"])
add_actions(domains, "domain")

ORDERS: Final = {"name": "name", "id": "pk", "site": "site__name", "host": "host__name"}
_CHANGES: Final[dict[str, Any]] = {"parameters": [IDEMPOTENCY_KEY]}


class DomainPage(Page):
    items: list[DomainOut]


class DomainOfSite(NewDomain):
    """``site`` is the key of the site that gets it."""

    site: int = Field(ge=0, le=MAX_KEY)


class DomainFarewell(Schema):
    """``confirm_name`` is the domain's name."""

    confirm_name: str


@domains.get("", response=DomainPage, openapi_extra=list_parameters(DomainFilter))
def list_domains(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """All domains of all sites. Order by name, id, site or host; a minus turns the order."""
    need(request.user, "sites.view_site")
    rows = filtered(DomainFilter, request, domain_rows(request.user))
    return json_answer(page_of(rows, paging, orderings=ORDERS, default="name", out=domain_out))


@domains.post("", response={201: DomainOut}, openapi_extra=_CHANGES)
def add_domain(request: HttpRequest, body: DomainOfSite) -> HttpResponse:
    """Give a site a domain. Its host's proxy serves it after the next sync or release."""
    row = _start(request, "domain.add", body.site, body, leave_out={"site"})
    return _shown(request, row.result["domain"], status=201)


@domains.get("/{int:domain_id}", response=DomainOut)
def show_domain(request: HttpRequest, domain_id: int) -> HttpResponse:
    return _shown(request, domain_id)


@domains.patch("/{int:domain_id}", response=DomainOut, openapi_extra=_CHANGES)
def change_domain(request: HttpRequest, domain_id: int, body: DomainFields) -> HttpResponse:
    """Change what is given. ``routes`` are all there are to be; ``port`` 0 is detected."""
    _start(request, "domain.change", domain_id, body)
    return _shown(request, domain_id)


@domains.delete("/{int:domain_id}", response=OperationOut, openapi_extra=_CHANGES)
def remove_domain(request: HttpRequest, domain_id: int, body: DomainFarewell) -> HttpResponse:
    """Take a domain away from its site."""
    row = ask(
        "domain.remove",
        target_id=domain_id,
        user=request.user,
        actor=Actor.of_request(request, "api"),
        confirm_name=body.confirm_name,
        idempotency_key=idempotency_key(request),
    )
    return json_answer(operation_out(row))


@domains.post("/{int:domain_id}/set-password", response=DomainOut, openapi_extra=_CHANGES)
def set_domain_password(request: HttpRequest, domain_id: int, body: Password) -> HttpResponse:
    """Let a user in by a password (HTTP Basic). Without any user, everybody is let in."""
    _start(request, "domain.set-password", domain_id, body)
    return _shown(request, domain_id)


@domains.post("/{int:domain_id}/remove-password", response=DomainOut, openapi_extra=_CHANGES)
def remove_domain_password(request: HttpRequest, domain_id: int, body: Username) -> HttpResponse:
    """Take a user's password away."""
    _start(request, "domain.remove-password", domain_id, body)
    return _shown(request, domain_id)


def _shown(request: HttpRequest, domain_id: int, *, status: int = 200) -> HttpResponse:
    return json_answer(domain_out(found(domain_rows(request.user), domain_id)), status=status)


def _start(
    request: HttpRequest, kind: str, target_id: int, body: BaseModel, *,
    leave_out: set[str] | None = None,
) -> Operation:  # fmt: skip
    return ask(
        kind,
        target_id=target_id,
        user=request.user,
        actor=Actor.of_request(request, "api"),
        # SecretStr stays SecretStr: the values are never dumped as text here.
        params=body.model_dump(exclude_unset=True, exclude=leave_out),
        idempotency_key=idempotency_key(request),
    )
