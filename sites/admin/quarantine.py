"""Removed sites whose data is still there."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from provisioning.acting import act
from provisioning.buttons import buttons
from provisioning.operations import VERBS
from provisioning.quarantine.models import Quarantine
from sites.admin.filters import HostOfRow
from sites.admin.reading import ReadingAdmin, found_or_404, under_way


@admin.register(Quarantine)
class QuarantineAdmin(ReadingAdmin):
    view_permission = "sites.manage_site"
    list_display = ("name", "host_name", "rests", "removed", "ends")
    list_filter = (HostOfRow,)
    search_fields = ("name", "host__name")
    ordering = ("until", "pk")
    change_list_template = "admin/provisioning/quarantine/change_list.html"

    @admin.display(description="host", ordering="host__name")
    def host_name(self, row: Quarantine) -> str:
        return ""

    @admin.display(description="what rests")
    def rests(self, row: Quarantine) -> str:
        return ""

    @admin.display(description="removed", ordering="-created_at")
    def removed(self, row: Quarantine) -> str:
        return ""

    @admin.display(description="kept until", ordering="until")
    def ends(self, row: Quarantine) -> str:
        return ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Quarantine]:
        rows = Quarantine.objects.visible_to(request.user).select_related("host")
        return rows.defer("encrypted")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.do_view)
        own = [path("<int:key>/do/<str:kind>/", view, name="provisioning_quarantine_do")]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {"title": "Quarantine", "buttons": buttons(request.user, "quarantine")}
        response = super().changelist_view(request, {**extra, **(extra_context or {})})
        rows = self.listed(response) or []
        active = under_way(request, "quarantine", [row.pk for row in rows])
        for row in rows:
            row.active = active.get(row.pk)
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """All there is to say stands in the list."""
        return HttpResponseRedirect(reverse("admin:provisioning_quarantine_changelist"))

    def do_view(self, request: HttpRequest, key: int, kind: str) -> HttpResponse:
        rows = Quarantine.objects.visible_to(request.user).select_related("host")
        row = found_or_404(rows, key)
        verb = VERBS.get(kind)
        if verb is None or verb.target is not Quarantine:
            raise Http404
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
