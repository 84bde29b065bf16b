"""Alerts in the console: what is open, grouped by host, and the page of one with its actions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from audit.record import Actor
from monitoring.alerts import acts
from monitoring.alerts.kinds import SOURCES, Kind, Severity, Type
from monitoring.alerts.models import ACTED_ON_BY, Alert
from monitoring.alerts.rows import WORDS, alert_rows
from monitoring.alerts.rule_acts import MANAGE
from monitoring.alerts.shown import cause_out
from provisioning.engine import EngineError
from sites.admin.filters import HostOfRow, SiteOfRow
from sites.admin.reading import ReadingAdmin, column, found_or_404
from sites.rights import may, may_on

Choices = list[tuple[str, str]]
Rows = QuerySet[Any]
PERIODS: Final = {
    "1h": ("one hour", timedelta(hours=1)), "4h": ("4 hours", timedelta(hours=4)),
    "1d": ("one day", timedelta(days=1)), "7d": ("a week", timedelta(days=7)),
}  # fmt: skip
_PAGES: Final = {
    Type.HOST: "admin:sites_host_change",
    Type.DISK: "admin:sites_host_change",
    Type.SITE: "admin:sites_site_change",
    Type.DOMAIN: "admin:provisioning_certificate_change",
    Type.CONTAINER: "admin:sites_container_change",
    Type.OPERATION: "admin:provisioning_operation_change",
}


class StateOfAlert(admin.SimpleListFilter):
    """What is over is shown when it is asked for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [*Alert.State.choices, ("all", "all")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        return iter([{**first, "display": "open"}, *others])

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if self.value() == "all":
            return queryset
        wanted = [self.value()] if self.value() else Alert.OPEN
        return queryset.filter(state__in=wanted)


class SeverityOfAlert(admin.SimpleListFilter):
    title = "severity"
    parameter_name = "severity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(one.value, one.value) for one in Severity]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(severity=self.value()) if self.value() else queryset


class KindOfAlert(admin.SimpleListFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return Kind.choices

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Alert)
class AlertAdmin(ReadingAdmin):
    view_permission = "sites.view_site"
    list_title = "Alerts"
    list_display = ("what", "severity_of", "state_of", "rule_of", "seen")
    list_filter = (StateOfAlert, SeverityOfAlert, KindOfAlert, HostOfRow, SiteOfRow)
    search_fields = WORDS
    sortable_by = ()
    change_list_template = "admin/monitoring/alert/change_list.html"

    what, rule_of = column("what"), column("rule")
    severity_of, state_of, seen = column("severity"), column("state"), column("last seen")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """One host after the other, of each the worst first."""
        return ("host_name", "state", "rank", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        return alert_rows(request.user)

    def get_urls(self) -> list[URLPattern]:
        wrap, root = self.admin_site.admin_view, "monitoring_alert"
        own = [
            path("<int:key>/acknowledge/", wrap(self.acknowledge_view), name=f"{root}_acknowledge"),
            path("<int:key>/mute/", wrap(self.mute_view), name=f"{root}_mute"),
        ]
        return own + super().get_urls()

    def around(self, request: HttpRequest) -> dict[str, Any]:
        return {"may_rule": may(request.user, MANAGE)}

    def told(self, request: HttpRequest, rows: list[Any]) -> dict[str, Any]:
        for row in rows:
            row.source = SOURCES[row.kind]
        return {}

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        row = found_or_404(Alert.objects.visible_to(request.user), key)
        return self.page(
            request,
            "admin/monitoring/alert/alert.html",
            title=str(row),
            row=row,
            source=SOURCES[row.kind],
            cause=cause_out(row, request.user),
            events=row.events.all(),
            page=_page_of(row),
            may_act=may_on(request.user, ACTED_ON_BY[Type(row.subject_type)], row),
            may_rule=may(request.user, MANAGE),
            periods=[(key, words) for key, (words, _) in PERIODS.items()],
        )

    def acknowledge_view(self, request: HttpRequest, key: int) -> HttpResponse:
        return self._act(request, key, lambda row, actor: acts.acknowledge(
            row, actor=actor, note=request.POST.get("note", "")))  # fmt: skip

    def mute_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """For one of `PERIODS`; without one, it is told of again."""
        chosen = PERIODS.get(request.POST.get("for", ""))
        until = timezone.now() + chosen[1] if chosen else None
        note = request.POST.get("note", "")
        return self._act(
            request, key, lambda row, actor: acts.mute(row, actor=actor, until=until, note=note)
        )

    def _act(self, request: HttpRequest, key: int, act: Any) -> HttpResponse:
        """By a POST; what is refused is told on the alert's page."""
        row = found_or_404(Alert.objects.visible_to(request.user), key)
        if request.method == "POST":
            try:
                act(row, Actor.of_request(request, "console"))
            except EngineError as error:
                messages.error(request, error.message)
        return HttpResponseRedirect(reverse("admin:monitoring_alert_change", args=[row.pk]))


def _page_of(row: Alert) -> str:
    """Where what it is about has its page: who sees the alert sees that."""
    if row.subject_id is None:
        return ""
    return reverse(_PAGES[Type(row.subject_type)], args=[row.subject_id])
