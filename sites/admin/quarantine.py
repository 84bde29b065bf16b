"""Removed sites whose data is still there."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from provisioning.acting import act
from provisioning.buttons import buttons
from provisioning.quarantine.models import Quarantine
from sites.admin.filters import HostOfRow
from sites.admin.reading import ReadingAdmin, column, found_or_404, under_way, verb_or_404


@admin.register(Quarantine)
class QuarantineAdmin(ReadingAdmin):
    view_permission = "sites.manage_site"
    list_title = "Quarantine"
    list_display = ("name", "host_name", "rests", "removed", "ends")
    list_filter = (HostOfRow,)
    search_fields = ("name", "host__name")
    ordering = ("until", "pk")
    change_list_template = "admin/provisioning/quarantine/change_list.html"

    host_name = column("host", "host__name")
    rests = column("what rests")
    removed = column("removed", "-created_at")
    ends = column("kept until", "until")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Quarantine]:
        rows = Quarantine.objects.visible_to(request.user).select_related("host")
        return rows.defer("encrypted")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.do_view)
        own = [path("<int:key>/do/<str:kind>/", view, name="provisioning_quarantine_do")]
        return own + super().get_urls()

    def around(self, request: HttpRequest) -> dict[str, Any]:
        return {"buttons": buttons(request.user, "quarantine")}

    def told(self, request: HttpRequest, rows: list[Any]) -> dict[str, Any]:
        active = under_way(request, "quarantine", [row.pk for row in rows])
        for row in rows:
            row.active = active.get(row.pk)
        return {}

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        """All there is to say stands in the list."""
        return HttpResponseRedirect(reverse("admin:provisioning_quarantine_changelist"))

    def do_view(self, request: HttpRequest, key: int, kind: str) -> HttpResponse:
        rows = Quarantine.objects.visible_to(request.user).select_related("host")
        row = found_or_404(rows, key)
        verb = verb_or_404(kind, Quarantine)
        loses = [f"Volume {name} with all its data" for name in row.volumes]
        loses += [f"The files in {row.folder}"] if row.folder else []
        purges = kind == "quarantine.purge"
        frame = self.frame(
            request,
            back=reverse("admin:provisioning_quarantine_changelist"),
            where=row.host.name,
            loses=loses if purges else (),
            keeps="This cannot be undone." if purges else "",
        )
        return act(request, verb, row, context=frame)
