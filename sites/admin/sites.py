"""Sites: compose projects, as found on their hosts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from provisioning.acting import act
from provisioning.buttons import buttons
from provisioning.operations import VERBS
from sites.admin.filters import HostOfRow
from sites.admin.reading import ReadingAdmin, found_or_404, tag_names, under_way
from sites.filters import containing
from sites.models import Site
from sites.rights import may, may_on
from sites.rows import container_rows, site_rows
from sites.schemas import container_out, host_is_fresh

MAX_SHOWN = 200


@admin.register(Site)
class SiteAdmin(ReadingAdmin):
    view_permission = "sites.view_site"
    list_display = ("name", "services", "host_name", "managed", "found")
    list_filter = (HostOfRow, "managed")
    search_fields = ("name", "project", "host__name")
    ordering = ("name", "pk")
    change_list_template = "admin/sites/site/change_list.html"

    @admin.display(description="running", ordering="running")
    def services(self, row: Site) -> str:
        return ""

    @admin.display(description="host", ordering="host__name")
    def host_name(self, row: Site) -> str:
        return ""

    @admin.display(description="first seen", ordering="-found_at")
    def found(self, row: Site) -> str:
        return ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Site]:
        return site_rows(request.user)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Site], search_term: str
    ) -> tuple[QuerySet[Site], bool]:
        return containing(queryset, search_term, *self.search_fields), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.do_view)
        own = [path("<int:key>/do/<str:kind>/", view, name="sites_site_do")]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, {"title": "Sites", **(extra_context or {})})
        for row in self.listed(response) or ():
            row.fresh = host_is_fresh(row.host)
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = found_or_404(site_rows(request.user), object_id)
        found = container_rows(request.user).filter(site=row).order_by("compose_service", "name")
        containers = list(found[:MAX_SHOWN])
        return self.page(
            request,
            "console/site.html",
            title=row.name,
            row=row,
            fresh=host_is_fresh(row.host),
            sees_host=may_on(request.user, "sites.view_host", row.host),
            items=[container_out(each) for each in containers],
            under_way=under_way(request, "container", [each.pk for each in containers]),
            buttons=buttons(request.user, "container", row),
            tags=tag_names(row),
            may_tag=may(request.user, "sites.manage_tag"),
        )

    def do_view(self, request: HttpRequest, key: int, kind: str) -> HttpResponse:
        row = found_or_404(Site.objects.visible_to(request.user), key)
        verb = VERBS.get(kind)
        if verb is None or verb.target is not Site:
            raise Http404
        page = reverse("admin:sites_site_change", args=[row.pk])
        frame = self.frame(request, back=page, initial={"tags": tag_names(row)})
        return act(request, verb, row, context=frame)
