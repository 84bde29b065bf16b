"""What is an alert, in the console: for whoever manages all rules."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from audit.record import Actor
from monitoring.alerts import rule_acts
from monitoring.alerts.judging_values import told
from monitoring.alerts.kinds import VALUES, Kind
from monitoring.alerts.models import Alert, Rule
from monitoring.alerts.rows import rule_rows
from provisioning.engine import EngineError
from siteflow.admin.alert_forms import RuleForm
from sites.admin.reading import ReadingAdmin, column, found_or_404
from sites.rights import may


@admin.register(Rule)
class RuleAdmin(ReadingAdmin):
    view_permission = rule_acts.MANAGE
    list_title = "Alert rules"
    list_display = ("named", "on", "severity_of", "kind_of", "when", "about")
    search_fields = ("name", "kind")
    sortable_by = ()
    list_per_page = 100
    change_list_template = "admin/monitoring/rule/change_list.html"

    named, on, severity_of = column("rule"), column("state"), column("severity")
    kind_of, when, about = column("looks at"), column("told after"), column("for")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, rule_acts.MANAGE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        rows = rule_rows().select_related("site__host")
        return rows if self.has_view_permission(request) else rows.none()

    def get_urls(self) -> list[URLPattern]:
        wrap, root = self.admin_site.admin_view, "monitoring_rule"
        own = [
            path("add/", wrap(self.new_view), name=f"{root}_add"),
            path("<int:key>/remove/", wrap(self.remove_view), name=f"{root}_remove"),
            path("<int:key>/restore/", wrap(self.restore_view), name=f"{root}_restore"),
        ]
        return own + super().get_urls()

    def told(self, request: HttpRequest, rows: list[Any]) -> dict[str, Any]:
        for row in rows:
            row.looks_at, row.limit = Kind(row.kind).label, limit_of(row)
        return {}

    def new_view(self, request: HttpRequest) -> HttpResponse:
        self._may_see(request)
        data = request.POST if request.method == "POST" else None
        return self._formed(request, RuleForm(data, user=request.user), "New rule")

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        row = self._found(request, key)
        data = request.POST if request.method == "POST" else None
        return self._formed(request, RuleForm(data, row=row, user=request.user), row.name)

    def remove_view(self, request: HttpRequest, key: int) -> HttpResponse:
        row = self._found(request, key)
        if request.method == "POST":
            try:
                rule_acts.remove(row, actor=Actor.of_request(request, "console"))
                messages.success(request, f"{row.name} was removed.")
            except EngineError as error:
                messages.error(request, error.message)
            return HttpResponseRedirect(reverse("admin:monitoring_rule_changelist"))
        firing = Alert.objects.firing().filter(rule=row).count()
        template = "admin/monitoring/rule/remove.html"
        return self.page(request, template, title=f"Remove {row.name}?", row=row, firing=firing)

    def restore_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """By a POST."""
        row = self._found(request, key)
        if request.method == "POST":
            try:
                rule_acts.restore(row, actor=Actor.of_request(request, "console"))
                messages.success(request, f"{row.name} is as SiteFlow came with it.")
            except EngineError as error:
                messages.error(request, error.message)
        return HttpResponseRedirect(reverse("admin:monitoring_rule_change", args=[row.pk]))

    def _formed(self, request: HttpRequest, form: RuleForm, title: str) -> HttpResponse:
        if form.is_valid() and (row := _saved(request, form)):
            messages.success(request, f"{row.name} was saved.")
            return HttpResponseRedirect(reverse("admin:monitoring_rule_changelist"))
        response = self.page(
            request, "admin/monitoring/rule/form.html", title=title, form=form, row=form.row,
            looks_at=Kind(form.row.kind).label if form.row else "",
        )  # fmt: skip
        response.status_code = 422 if form.errors else 200
        return response

    def _found(self, request: HttpRequest, key: Any) -> Rule:
        self._may_see(request)
        return found_or_404(self.get_queryset(request), key)

    def _may_see(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _saved(request: HttpRequest, form: RuleForm) -> Rule | None:
    actor = Actor.of_request(request, "console")
    try:
        if form.row is None:
            return rule_acts.create(form.values(), actor=actor)
        return rule_acts.change(form.row, form.values(), actor=actor)
    except EngineError as error:
        field = {"of": "value", "metric": "value", "host": "place"}.get(error.field, error.field)
        form.add_error(field if field in form.fields else None, error.message)
        return None


def limit_of(row: Rule) -> str:
    """ "memory above 92%, over at 85%"; empty for what has no limit."""
    if row.threshold is None:
        return ""
    if row.kind == Kind.DISK_FILLING:
        return f"full within {row.threshold:g} h"
    name = VALUES.get(row.of, {}).get(row.metric)
    words = f"{name.words if name else row.metric} {row.direction} {told(row, row.threshold)}"
    back = row.clear_threshold
    return words if back is None else f"{words}, over at {told(row, back)}"
