"""Alerts, their rules and maintenance windows over HTTP, mounted at /api/alerts."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router

from audit.record import Actor
from monitoring.alerts import acts, rule_acts
from monitoring.alerts.bodies import (
    AcknowledgeIn,
    MaintenanceIn,
    MaintenancePatch,
    MuteIn,
    RuleIn,
    RulePatch,
    rule_values,
    span_of,
)
from monitoring.alerts.models import Alert, Maintenance, Rule
from monitoring.alerts.rows import AlertFilter, alert_rows, maintenance_rows, rule_rows
from monitoring.alerts.shown import (
    AlertDetail,
    AlertOut,
    MaintenanceOut,
    RuleOut,
    alert_detail,
    alert_out,
    maintenance_out,
    rule_out,
)
from sites.answers import (
    IDEMPOTENCY_KEY,
    found,
    idempotency_key,
    json_answer,
    list_parameters,
    need,
    need_everywhere,
)
from sites.paging import Page, Paging, filtered, page_of

alerts = Router(tags=["alerts"])

ORDERS: Final = {
    "id": "pk", "severity": "rank", "pending_at": "pending_at", "host": "host_name",
}  # fmt: skip
_SEE: Final = "sites.view_site"
_MAKES: Final[dict[str, Any]] = {"parameters": [IDEMPOTENCY_KEY]}


class AlertPage(Page):
    items: list[AlertOut]


class RulePage(Page):
    items: list[RuleOut]


class MaintenancePage(Page):
    items: list[MaintenanceOut]


@alerts.get("", response=AlertPage, openapi_extra=list_parameters(AlertFilter))
def list_alerts(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """Newest first; order by id, severity (the worst first), pending_at or host."""
    need(request.user, _SEE)
    rows = filtered(AlertFilter, request, alert_rows(request.user))
    return json_answer(page_of(rows, paging, orderings=ORDERS, default="-id", out=alert_out))


@alerts.get("/rules", response=RulePage)
def list_rules(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """What is an alert. Order by id or name."""
    need_everywhere(request.user, rule_acts.MANAGE)
    orders = {"id": "pk", "name": "name"}
    return json_answer(page_of(rule_rows(), paging, orderings=orders, default="id", out=rule_out))


@alerts.post("/rules", response={201: RuleOut}, openapi_extra=_MAKES)
def create_rule(request: HttpRequest, body: RuleIn) -> HttpResponse:
    """One more. It is judged from the next turn on, a few seconds later."""
    need_everywhere(request.user, rule_acts.MANAGE)
    actor, key = Actor.of_request(request, "api"), idempotency_key(request)
    row = rule_acts.create(rule_values(body), actor=actor, idempotency_key=key)
    return json_answer(rule_out(_rule(request, row.pk)), status=201)


@alerts.get("/rules/{int:rule_id}", response=RuleOut)
def show_rule(request: HttpRequest, rule_id: int) -> HttpResponse:
    return json_answer(rule_out(_rule(request, rule_id)))


@alerts.patch("/rules/{int:rule_id}", response=RuleOut)
def change_rule(request: HttpRequest, rule_id: int, body: RulePatch) -> HttpResponse:
    """Only what is given; null takes a host, site, tag or clear threshold away."""
    row = _rule(request, rule_id)
    rule_acts.change(row, rule_values(body), actor=Actor.of_request(request, "api"))
    return json_answer(rule_out(_rule(request, rule_id)))


@alerts.delete("/rules/{int:rule_id}", response={204: None})
def delete_rule(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Its alerts end with it. One that SiteFlow came with is switched off instead (409)."""
    rule_acts.remove(_rule(request, rule_id), actor=Actor.of_request(request, "api"))
    return HttpResponse(status=204)


@alerts.post("/rules/{int:rule_id}/restore", response=RuleOut)
def restore_rule(request: HttpRequest, rule_id: int) -> HttpResponse:
    """As SiteFlow came with it."""
    row = _rule(request, rule_id)
    rule_acts.restore(row, actor=Actor.of_request(request, "api"))
    return json_answer(rule_out(_rule(request, rule_id)))


@alerts.get("/maintenance", response=MaintenancePage)
def list_maintenance(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """Windows of what you see, those of tags and of everything if you see every host."""
    need(request.user, _SEE)
    now = timezone.now()
    content = page_of(
        maintenance_rows(request.user), paging,
        orderings={"id": "pk", "begins_at": "begins_at"}, default="-begins_at",
        out=lambda row: maintenance_out(row, now=now),
    )  # fmt: skip
    return json_answer(content)


@alerts.post("/maintenance", response={201: MaintenanceOut}, openapi_extra=_MAKES)
def plan_maintenance(request: HttpRequest, body: MaintenanceIn) -> HttpResponse:
    """Nobody is told of alerts in it; what is still so at its end is told then."""
    wanted = span_of(body.model_dump(), request.user)
    actor, key = Actor.of_request(request, "api"), idempotency_key(request)
    row = acts.plan_maintenance(wanted, actor=actor, idempotency_key=key)
    return json_answer(maintenance_out(row, now=timezone.now()), status=201)


@alerts.get("/maintenance/{int:window_id}", response=MaintenanceOut)
def show_maintenance(request: HttpRequest, window_id: int) -> HttpResponse:
    return json_answer(maintenance_out(_window(request, window_id), now=timezone.now()))


@alerts.patch("/maintenance/{int:window_id}", response=MaintenanceOut)
def change_maintenance(
    request: HttpRequest, window_id: int, body: MaintenancePatch
) -> HttpResponse:
    """Its times and why, as far as given."""
    row = _window(request, window_id)
    given = body.model_dump(exclude_unset=True)
    wanted = acts.span_changed(row, given)
    acts.change_maintenance(row, wanted, actor=Actor.of_request(request, "api"))
    return json_answer(maintenance_out(_window(request, window_id), now=timezone.now()))


@alerts.delete("/maintenance/{int:window_id}", response={204: None})
def end_maintenance(request: HttpRequest, window_id: int) -> HttpResponse:
    """Ends it now."""
    acts.end_maintenance(_window(request, window_id), actor=Actor.of_request(request, "api"))
    return HttpResponse(status=204)


@alerts.get("/{int:alert_id}", response=AlertDetail)
def show_alert(request: HttpRequest, alert_id: int) -> HttpResponse:
    """With its cause as it was when it began to fire, and its timeline."""
    return json_answer(_detail(request, alert_id))


@alerts.post("/{int:alert_id}/acknowledge", response=AlertDetail)
def acknowledge_alert(request: HttpRequest, alert_id: int, body: AcknowledgeIn) -> HttpResponse:
    """You look after it."""
    row = _alert(request, alert_id)
    acts.acknowledge(row, actor=Actor.of_request(request, "api"), note=body.note)
    return json_answer(_detail(request, alert_id))


@alerts.post("/{int:alert_id}/mute", response=AlertDetail)
def mute_alert(request: HttpRequest, alert_id: int, body: MuteIn) -> HttpResponse:
    """Nobody is told of it until then, also if it comes again; null ends that."""
    row = _alert(request, alert_id)
    actor = Actor.of_request(request, "api")
    acts.mute(row, actor=actor, until=body.until, note=body.note)
    return json_answer(_detail(request, alert_id))


def _alert(request: HttpRequest, key: int) -> Alert:
    return found(Alert.objects.visible_to(request.user), key)


def _detail(request: HttpRequest, key: int) -> dict[str, Any]:
    rows = Alert.objects.visible_to(request.user).prefetch_related("events")
    return alert_detail(found(rows, key), request.user)


def _rule(request: HttpRequest, key: int) -> Rule:
    need_everywhere(request.user, rule_acts.MANAGE)
    return found(rule_rows(), key)


def _window(request: HttpRequest, key: int) -> Maintenance:
    return found(maintenance_rows(request.user), key)
