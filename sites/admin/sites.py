"""Sites: those SiteFlow makes, and compose projects as found on their hosts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from monitoring.alerts.here import open_on
from provisioning.acting import act
from provisioning.quarantine.models import Quarantine
from sites.admin import site_config
from sites.admin.domains import add_page
from sites.admin.filters import HostOfRow, TemplateOfSite
from sites.admin.new_site import new_site_page
from sites.admin.reading import (
    ReadingAdmin,
    column,
    found_or_404,
    tag_names,
    under_way,
    verb_or_404,
)
from sites.admin.site_pages import release_page, revealed_page
from sites.admin.site_tabs import TABS, offers, tab_context
from sites.admin.site_verbs import context_of
from sites.filters import SITE_WORDS
from sites.models import Site
from sites.rights import may, may_on, may_somewhere
from sites.rows import site_rows
from sites.schemas import host_is_fresh

# Of their own, or over the API and by commands, as they take more than a form of single values has.
_HAVE_FORMS = {"site.configure", "domain.add"}


@admin.register(Site)
class SiteAdmin(ReadingAdmin):
    view_permission = "sites.view_site"
    list_title = "Sites"
    list_display = ("name", "services", "domains", "host_name", "template", "release")
    list_filter = (HostOfRow, TemplateOfSite, "managed", "stage")
    search_fields = SITE_WORDS
    ordering = ("name", "pk")
    change_list_template = "admin/sites/site/change_list.html"

    services = column("state", "running")
    domains = column("domains")
    host_name = column("host", "host__name")
    template = column("template", "template")
    release = column("release", F("released_at").desc(nulls_last=True))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Site]:
        return site_rows(request.user)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:key>/do/<str:kind>/", wrap(self.do_view), name="sites_site_do"),
            path("<int:key>/domains/add/", wrap(self.domain_view), name="sites_site_domain"),
            path("<int:key>/config/", wrap(self.config_view), name="sites_site_config"),
            path("<int:key>/reveal/", wrap(self.reveal_view), name="sites_site_reveal"),
            path(
                "<int:key>/releases/<int:number>/",
                wrap(self.release_view),
                name="sites_site_release",
            ),
        ]
        return own + super().get_urls()

    def around(self, request: HttpRequest) -> dict[str, Any]:
        return {
            "may_manage": may_somewhere(request.user, "sites.manage_site"),
            "resting": Quarantine.objects.visible_to(request.user).count(),
        }

    def told(self, request: HttpRequest, rows: list[Any]) -> dict[str, Any]:
        for row in rows:
            row.fresh = host_is_fresh(row.host)
        return {}

    def new_page(self, request: HttpRequest) -> HttpResponse:
        return new_site_page(request, self.frame(request))

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        row = found_or_404(site_rows(request.user), key)
        tab = request.GET.get("tab", TABS[0])
        if tab not in TABS:
            raise Http404
        return self._shown(request, row, tab, tab_context(request, row, tab))

    def _shown(
        self, request: HttpRequest, row: Site, tab: str, values: dict[str, Any]
    ) -> HttpResponse:
        return self.page(
            request,
            "console/site.html",
            title=row.name,
            row=row,
            tab=tab,
            fresh=host_is_fresh(row.host),
            sees_host=may_on(request.user, "sites.view_host", row.host),
            tags=tag_names(row),
            may_tag=may(request.user, "sites.manage_tag"),
            active=under_way(request, "site", [row.pk]).get(row.pk),
            releases_kept=row.releases.count(),
            **open_on(request.user, row),
            **offers(request, row),
            **values,
        )

    def config_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Where the form on the tab is sent to; a look at it leads back there."""
        row = found_or_404(site_rows(request.user), key)
        page = reverse("admin:sites_site_change", args=[row.pk])
        if request.method != "POST" or not row.releases.exists():
            return HttpResponseRedirect(f"{page}?tab=config")
        found = site_config.sent(request, row)
        if isinstance(found, HttpResponse):
            return found
        return self._shown(request, row, "config", found)

    def domain_view(self, request: HttpRequest, key: int) -> HttpResponse:
        row = found_or_404(Site.objects.visible_to(request.user).select_related("host"), key)
        return add_page(self, request, row)

    def reveal_view(self, request: HttpRequest, key: int) -> HttpResponse:
        row = found_or_404(site_rows(request.user), key)
        return revealed_page(request, row, self.frame(request))

    def release_view(self, request: HttpRequest, key: int, number: int) -> HttpResponse:
        row = found_or_404(site_rows(request.user), key)
        return release_page(request, row, number, self.frame(request))

    def do_view(self, request: HttpRequest, key: int, kind: str) -> HttpResponse:
        rows = Site.objects.visible_to(request.user)
        row = found_or_404(rows.select_related("host__credential", "host__via"), key)
        verb = verb_or_404(kind, Site, elsewhere=_HAVE_FORMS)
        frame = self.frame(request, **context_of(request, verb, row))
        return act(request, verb, row, context=frame)
