"""Maintenance windows in the console: times in which nobody is told of alerts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from audit.record import Actor
from monitoring.alerts import acts
from monitoring.alerts.models import Maintenance
from monitoring.alerts.rows import maintenance_rows
from monitoring.alerts.shown import maintenance_out
from provisioning.engine import EngineError
from siteflow.admin.alert_forms import MaintenanceForm
from sites.admin.reading import ReadingAdmin, column, found_or_404
from sites.rights import may_somewhere

_OPERATE = ("sites.operate_site", "sites.operate_host")


@admin.register(Maintenance)
class MaintenanceAdmin(ReadingAdmin):
    view_permission = "sites.view_site"
    list_title = "Maintenance"
    list_display = ("about", "state_of", "begins", "ends", "because")
    sortable_by = ()
    change_list_template = "admin/monitoring/maintenance/change_list.html"

    about, state_of = column("for"), column("state")
    begins, ends, because = column("from"), column("to"), column("why")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return any(may_somewhere(request.user, one) for one in _OPERATE)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Maintenance]:
        return maintenance_rows(request.user)

    def get_urls(self) -> list[URLPattern]:
        wrap, root = self.admin_site.admin_view, "monitoring_maintenance"
        own = [
            path("add/", wrap(self.new_view), name=f"{root}_add"),
            path("<int:key>/remove/", wrap(self.remove_view), name=f"{root}_remove"),
        ]
        return own + super().get_urls()

    def told(self, request: HttpRequest, rows: list[Any]) -> dict[str, Any]:
        now = timezone.now()
        for row in rows:
            row.state = maintenance_out(row, now=now)["state"]
        return {}

    def new_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        data = request.POST if request.method == "POST" else None
        form = MaintenanceForm(data, user=request.user)
        return self._formed(request, form, "New maintenance window")

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        row = self._mine(request, key)
        data = request.POST if request.method == "POST" else None
        form = MaintenanceForm(data, row=row, user=request.user)
        return self._formed(request, form, f"Maintenance of {row.scope}")

    def remove_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """By a POST."""
        row = self._mine(request, key)
        if request.method == "POST":
            acts.end_maintenance(row, actor=Actor.of_request(request, "console"))
            messages.success(request, f"The window for {row.scope} was removed.")
        return HttpResponseRedirect(reverse("admin:monitoring_maintenance_changelist"))

    def _mine(self, request: HttpRequest, key: Any) -> Maintenance:
        row = found_or_404(maintenance_rows(request.user), key)
        if not acts.may_plan(Actor.of_request(request, "console"), row):
            raise PermissionDenied
        return row

    def _formed(self, request: HttpRequest, form: MaintenanceForm, title: str) -> HttpResponse:
        if form.is_valid() and (row := _saved(request, form)):
            messages.success(request, f"Nobody is told of {row.scope} in that time.")
            return HttpResponseRedirect(reverse("admin:monitoring_maintenance_changelist"))
        template = "admin/monitoring/maintenance/form.html"
        response = self.page(request, template, title=title, form=form, row=form.row)
        response.status_code = 422 if form.errors else 200
        return response


def _saved(request: HttpRequest, form: MaintenanceForm) -> Maintenance | None:
    actor = Actor.of_request(request, "console")
    try:
        if form.row is None:
            return acts.plan_maintenance(form.span(), actor=actor)
        return acts.change_maintenance(form.row, form.span(), actor=actor)
    except EngineError as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return None
