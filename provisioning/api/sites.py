"""A site's releases and configuration, plans, and what can be done with it."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from audit.record import Actor
from provisioning import engine
from provisioning.api.actions import add_actions
from provisioning.api.provision import PlanOut
from provisioning.previews import preview
from provisioning.releases.editing import Configuration
from provisioning.releases.models import Release
from provisioning.releases.numbers import base_of
from provisioning.releases.revealing import reveal
from provisioning.releases.shown import (
    ConfigOut,
    ReleaseDetail,
    ReleaseOut,
    compared_with,
    config_out,
    release_detail,
    release_of,
    release_out,
)
from sites.answers import IDEMPOTENCY_KEY, found, idempotency_key, json_answer
from sites.models import Site
from sites.paging import Page, Paging, page_of

site_actions = Router(tags=["sites"])
add_actions(site_actions, "site")

ORDERS: Final = {"number": "number", "created_at": "created_at"}
_CHANGES: Final[dict[str, Any]] = {"parameters": [IDEMPOTENCY_KEY]}


class ReleasePage(Page):
    items: list[ReleaseOut]


class Comparison(Schema):
    against: int | None = Field(None, ge=1, description="number of the release to compare with")


class WhichPlan(Schema):
    """``kind``: provision, release or rollback; ``number`` of the release, if not the usual one."""

    kind: str = Field(max_length=30)
    number: int | None = Field(None, ge=1)
    reuse_volumes: bool = False


class Prepared(Schema):
    """``release`` is the number that waits to be released; ``revision`` is for the next edit;
    ``message`` is the release's."""

    site: int
    release: int
    revision: int
    message: str


class WhichRelease(Schema):
    number: int | None = Field(None, ge=1, description="without one, the current release")


class Revealed(Schema):
    site: int
    release: int
    env: dict[str, str]


@site_actions.get("/{int:site_id}/releases", response=ReleasePage)
def list_releases(request: HttpRequest, site_id: int, paging: Query[Paging]) -> HttpResponse:
    """All that are kept, newest first. Order by number or created_at."""
    rows = Release.objects.filter(site=_site(request, site_id)).defer("encrypted", "compose")
    content = page_of(rows, paging, orderings=ORDERS, default="-number", out=release_out)
    return json_answer(content)


@site_actions.get("/{int:site_id}/releases/{int:number}", response=ReleaseDetail)
def show_release(
    request: HttpRequest, site_id: int, number: int, query: Query[Comparison]
) -> HttpResponse:
    """One release, its secrets masked, and what differs from another one."""
    site = _site(request, site_id)
    row = release_of(site, number)
    return json_answer(release_detail(row, compared_with(site, row, query.against)))


@site_actions.get("/{int:site_id}/config", response=ConfigOut)
def show_config(request: HttpRequest, site_id: int) -> HttpResponse:
    """Compose file and environment, secrets masked. Send it back changed, with its revision."""
    return json_answer(config_out(_site(request, site_id)))


@site_actions.put("/{int:site_id}/config", response=Prepared, openapi_extra=_CHANGES)
def change_config(request: HttpRequest, site_id: int, body: Configuration) -> HttpResponse:
    """Prepares the next release; what is not given stays. `changed_meanwhile` (409) when the
    revision is no longer that one. Nothing changes on the host before it is released."""
    site = _site(request, site_id)
    operation = engine.start(
        "site.configure",
        site,
        actor=Actor.of_request(request, "api"),
        # SecretStr stays SecretStr: the environment is never dumped as text here.
        params=body.model_dump(exclude_unset=True),
        idempotency_key=idempotency_key(request),
    )
    site.refresh_from_db(fields=["revision"])
    content = {
        "site": site.pk,
        "release": operation.result["release"],
        "revision": site.revision,
        "message": body.message,
    }
    return json_answer(content)


@site_actions.post("/{int:site_id}/plan", response=PlanOut)
def plan_release(request: HttpRequest, site_id: int, body: WhichPlan) -> HttpResponse:
    """What that would do, read from the host now. Nothing is changed by asking."""
    plan = preview(
        _site(request, site_id),
        body.kind,
        number=body.number,
        actor=Actor.of_request(request, "api"),
        reuse_volumes=body.reuse_volumes,
    )
    return json_answer(plan.to_dict())


@site_actions.post("/{int:site_id}/reveal", response=Revealed)
def reveal_secrets(
    request: HttpRequest, site_id: int, body: WhichRelease | None = None
) -> HttpResponse:
    """The environment in clear. Needs a right of its own, and is on record."""
    site = _site(request, site_id)
    row = release_of(site, body.number) if body and body.number else base_of(site)
    env = reveal(site, row, actor=Actor.of_request(request, "api"))
    return json_answer({"site": site.pk, "release": row.number, "env": env})


def _site(request: HttpRequest, site_id: int) -> Site:
    rows = Site.objects.visible_to(request.user)
    return found(rows.select_related("host__credential", "host__via"), site_id)
