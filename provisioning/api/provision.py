"""Sites that come and go: a plan of a new one, provisioning and deprovisioning."""

from __future__ import annotations

from typing import Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from audit.record import Actor
from provisioning import engine
from provisioning.new_site import provision_new
from provisioning.operations.site_deprovision import Deprovisioning
from provisioning.operations.site_records import NewSite
from provisioning.previews import checked, host_for, preview_new, site_named
from sites.answers import IDEMPOTENCY_KEY, idempotency_key, json_answer

provision = Router(tags=["sites"])
_CHANGES: Final[dict[str, Any]] = {"parameters": [IDEMPOTENCY_KEY]}


class NewSiteOnHost(NewSite):
    """``host``: its name or key; not needed where there is only one.

    ``reuse_volumes``: volumes of these names that are there already are this site's.
    """

    host: str | int | None = None
    reuse_volumes: bool = False

    def told(self) -> dict[str, Any]:
        own = NewSite.model_fields
        return checked(self.model_dump(exclude_unset=True, include=set(own)))


class Order(NewSiteOnHost):
    """``plan_digest`` of the plan that was looked at: refused when the world has moved since."""

    plan_digest: str | None = Field(default=None, max_length=64)


class SiteFarewell(Deprovisioning):
    """``confirm_name`` is the site's name. Volumes and files that go rest in quarantine first."""

    name: str
    confirm_name: str
    host: str | int | None = None


class ChangeOut(Schema):
    what: Literal["folder", "file", "image", "network", "volume", "container", "vhost"]
    action: Literal["create", "change", "recreate", "start", "remove", "keep"]
    name: str
    detail: str
    diff: str


class ProblemOut(Schema):
    """``blocking``: the operation would refuse to begin."""

    code: str
    message: str
    blocking: bool


class PlanOut(Schema):
    """``downtime`` is empty when no request is dropped. ``needs`` in bytes."""

    kind: str
    site: str
    host: str
    changes: list[ChangeOut]
    problems: list[ProblemOut]
    digest: str
    downtime: str
    needs: dict[str, int]


class Provisioned(Schema):
    """``operation`` is the number to follow; ``path`` the site's folder on its host."""

    name: str
    template: str
    status: str
    message: str
    path: str
    domain: str | None
    operation: int


class Deprovisioned(Schema):
    """What was asked for: the operation's result tells what was there to remove."""

    name: str
    status: str
    message: str
    volumes_removed: bool
    files_removed: bool
    operation: int


@provision.post("/plan", response=PlanOut)
def plan_site(request: HttpRequest, body: NewSiteOnHost) -> HttpResponse:
    """What provisioning this would do, read from the host now. Nothing is changed by asking."""
    plan = preview_new(
        host_for(body.host, request.user),
        body.told(),
        actor=Actor.of_request(request, "api"),
        reuse_volumes=body.reuse_volumes,
    )
    return json_answer(plan.to_dict())


@provision.post("/", response={202: Provisioned}, openapi_extra=_CHANGES)
def provision_site(request: HttpRequest, body: Order) -> HttpResponse:
    """A new site from a template, as one operation: a failure takes back what was made."""
    told = body.told()
    site, operation = provision_new(
        host_for(body.host, request.user),
        told,
        actor=Actor.of_request(request, "api"),
        plan_digest=body.plan_digest,
        reuse_volumes=body.reuse_volumes,
        idempotency_key=idempotency_key(request),
    )
    content = {
        "name": site.name,
        "template": site.template,
        "status": operation.status,
        "message": operation.message or f"{site.name} is being provisioned on {site.host.name}.",
        "path": site.working_dir,
        "domain": told["domain"],
        "operation": operation.pk,
    }
    return json_answer(content, status=202)


@provision.delete("/", response={202: Deprovisioned}, openapi_extra=_CHANGES)
def deprovision_site(request: HttpRequest, body: SiteFarewell) -> HttpResponse:
    """Takes a site off its host. What others use as well stays."""
    site = site_named(body.name, body.host, request.user)
    operation = engine.start(
        "site.deprovision",
        site,
        actor=Actor.of_request(request, "api"),
        params=body.model_dump(include=set(Deprovisioning.model_fields)),
        confirm_name=body.confirm_name,
        idempotency_key=idempotency_key(request),
    )
    content = {
        "name": site.name,
        "status": operation.status,
        "message": operation.message or f"{site.name} is being removed from {site.host.name}.",
        "volumes_removed": body.remove_volumes,
        "files_removed": body.remove_files,
        "operation": operation.pk,
    }
    return json_answer(content, status=202)
