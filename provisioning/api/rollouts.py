"""Rolling a template's version out to many sites over HTTP: the plan, and how it goes."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from audit.record import Actor
from provisioning.rollouts import acts
from provisioning.rollouts.models import Rollout
from provisioning.rollouts.planning import Rolling, plan
from provisioning.rollouts.shown import (
    RolloutDetail,
    RolloutOut,
    RolloutPlanOut,
    plan_out,
    rollout_detail,
    rollout_out,
)
from sites.answers import IDEMPOTENCY_KEY, found, idempotency_key, json_answer, need
from sites.models import Site
from sites.paging import Page, Paging, page_of

rollouts = Router(tags=["templates"])

ORDERS: Final = {"id": "pk"}
_CHANGES: Final[dict[str, Any]] = {"parameters": [IDEMPOTENCY_KEY]}


class RolloutPage(Page):
    items: list[RolloutOut]


@rollouts.post("/preview", response=RolloutPlanOut)
def preview_rollout(request: HttpRequest, body: Rolling) -> HttpResponse:
    """Which sites it would be, in which wave, and which are left out and why. Changes nothing."""
    need(request.user, "sites.manage_site")
    actor = Actor.of_request(request, "api")
    made = plan(body, actor=actor, among=Site.objects.visible_to(request.user))
    return json_answer(plan_out(made))


@rollouts.post("", response={202: RolloutDetail}, openapi_extra=_CHANGES)
def begin_rollout(request: HttpRequest, body: Rolling) -> HttpResponse:
    """Prepares the release of every site, or of none, and starts the first; the others follow in
    waves, each once all of the wave before have succeeded."""
    row = acts.begin(
        body,
        actor=Actor.of_request(request, "api"),
        among=Site.objects.visible_to(request.user),
        idempotency_key=idempotency_key(request),
    )
    return json_answer(rollout_detail(_found(request, row.pk)), status=202)


@rollouts.get("", response=RolloutPage)
def list_rollouts(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """Those with a site that you see, newest first. Order by id."""
    need(request.user, "sites.view_site")
    rows = Rollout.objects.visible_to(request.user)
    return json_answer(page_of(rows, paging, orderings=ORDERS, default="-id", out=rollout_out))


@rollouts.get("/{int:rollout_id}", response=RolloutDetail)
def show_rollout(request: HttpRequest, rollout_id: int) -> HttpResponse:
    """How far it is, with those of its sites that you see."""
    return json_answer(rollout_detail(_found(request, rollout_id)))


@rollouts.post("/{int:rollout_id}/stop", response=RolloutDetail, openapi_extra=_CHANGES)
def stop_rollout(request: HttpRequest, rollout_id: int) -> HttpResponse:
    """Nothing more is started; what runs comes to its end. Releases stay prepared."""
    row = _found(request, rollout_id)
    key = idempotency_key(request)
    acts.stop(row, actor=Actor.of_request(request, "api"), idempotency_key=key)
    return json_answer(rollout_detail(_found(request, rollout_id)))


@rollouts.post("/{int:rollout_id}/resume", response=RolloutDetail, openapi_extra=_CHANGES)
def resume_rollout(request: HttpRequest, rollout_id: int) -> HttpResponse:
    """Goes on in your name; what failed is tried again."""
    row = _found(request, rollout_id)
    key = idempotency_key(request)
    acts.resume(row, actor=Actor.of_request(request, "api"), idempotency_key=key)
    return json_answer(rollout_detail(_found(request, rollout_id)))


def _found(request: HttpRequest, key: int) -> Rollout:
    return found(Rollout.objects.visible_to(request.user), key)
