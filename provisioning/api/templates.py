"""Site templates over HTTP: those that came along and those made here."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from audit.record import Actor
from provisioning import engine
from provisioning.models import Operation
from provisioning.operations.site_templates import NewTemplate, NextVersion
from provisioning.schemas import OperationOut, operation_out
from provisioning.site_templates.answers import template_detail, template_out, versions_of
from provisioning.site_templates.library import all_templates, find
from provisioning.site_templates.models import SiteTemplate
from sites.answers import IDEMPOTENCY_KEY, NotFound, idempotency_key, json_answer, need
from sites.rights import may_somewhere

templates = Router(tags=["templates"])
offered = Router(tags=["templates"])
_CHANGES: Final[dict[str, Any]] = {"parameters": [IDEMPOTENCY_KEY]}


class TemplateOut(Schema):
    """``params`` is a JSON schema; ``secrets`` are made for each site. ``origin`` is "shipped" for
    what came along with SiteFlow, "own" for what was made here and can be changed."""

    id: str
    version: int
    origin: str
    retired: bool
    name: str
    description: str
    cms: str
    stack: str
    best_for: str
    required_services: list[str]
    params: dict[str, Any]
    secrets: list[dict[str, Any]]
    web_service: str
    web_port: int
    probe_path: str
    stateless_services: list[str]
    memory_bytes: int
    disk_bytes: int
    images: list[str]


class TemplateDetail(TemplateOut):
    """``files`` by their paths; ``versions`` are the numbers there are, newest first."""

    files: dict[str, str]
    versions: list[dict[str, Any]]


class TemplateList(Schema):
    templates: list[TemplateOut]


class Offer(Schema):
    id: str
    name: str
    description: str
    cms: str
    stack: str
    best_for: str
    required_services: list[str]


class OfferList(Schema):
    templates: list[Offer]


class TemplateFarewell(Schema):
    """``confirm_name`` is the template's id."""

    confirm_name: str


@offered.get("/templates", response=OfferList)
def offered_templates(request: HttpRequest) -> HttpResponse:
    """What a new site can be made from, in short."""
    need(request.user, "sites.view_site")
    shown = [template_out(each) for each in all_templates()]
    return json_answer(
        {"templates": [{key: each[key] for key in Offer.model_fields} for each in shown]}
    )


@templates.get("", response=TemplateList)
def list_templates(request: HttpRequest) -> HttpResponse:
    """All of them, each in its newest version: first those that came along, then your own."""
    need(request.user, "sites.view_site")
    return json_answer({"templates": [template_out(each) for each in all_templates()]})


@templates.post("", response={201: TemplateDetail}, openapi_extra=_CHANGES)
def create_template(request: HttpRequest, body: NewTemplate) -> HttpResponse:
    """Make a template of your own. Its compose file must keep the rules that hold for all sites."""
    row = _start(request, "template.create", None, body)
    return _shown(row.result["template"], row.result["version"], status=201)


@templates.get("/{slug:slug}", response=TemplateDetail)
def show_template(request: HttpRequest, slug: str, version: int | None = None) -> HttpResponse:
    """One template with its files; without ``version`` the newest."""
    if not may_somewhere(request.user, "sites.view_site"):
        raise NotFound("template")
    return _shown(slug, version)


@templates.put("/{slug:slug}", response=TemplateDetail, openapi_extra=_CHANGES)
def edit_template(request: HttpRequest, slug: str, body: NextVersion) -> HttpResponse:
    """Make its next version. Sites run the one they have until they are released anew."""
    row = _start(request, "template.edit", _own(request, slug), body)
    return _shown(row.result["template"], row.result["version"])


@templates.delete("/{slug:slug}", response=OperationOut, openapi_extra=_CHANGES)
def delete_template(request: HttpRequest, slug: str, body: TemplateFarewell) -> HttpResponse:
    """No new site can be made from it; sites that run it keep what they have."""
    row = engine.start(
        "template.delete",
        _own(request, slug),
        actor=Actor.of_request(request, "api"),
        confirm_name=body.confirm_name,
        idempotency_key=idempotency_key(request),
    )
    return json_answer(operation_out(row))


def _own(request: HttpRequest, slug: str) -> SiteTemplate:
    row = SiteTemplate.objects.visible_to(request.user).filter(slug=slug, retired_at=None).first()
    if row is None:
        raise NotFound("template of your own")
    return row


def _shown(slug: str, version: int | None, *, status: int = 200) -> HttpResponse:
    template = find(slug, version)
    if template is None:
        raise NotFound("template")
    return json_answer(template_detail(template, versions_of(template)), status=status)


def _start(
    request: HttpRequest, kind: str, target: SiteTemplate | None, body: NewTemplate | NextVersion
) -> Operation:
    return engine.start(
        kind,
        target,
        actor=Actor.of_request(request, "api"),
        params=body.model_dump(exclude_unset=True),
        idempotency_key=idempotency_key(request),
    )
