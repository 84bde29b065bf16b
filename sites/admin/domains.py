"""The list of domains, the page of one, and the forms to add and change one."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from provisioning.acting import act
from sites.admin.domain_form import DomainForm
from sites.admin.filters import CertificateOfDomain, HostOfRow, KindOfDomain, SiteOfRow
from sites.admin.reading import (
    ReadingAdmin,
    column,
    entries_of,
    found_or_404,
    operations_of,
    verb_or_404,
)
from sites.admin.starting import started
from sites.models import Domain, Site
from sites.rights import may_on
from sites.rows import domain_rows

MANAGE: Final = "sites.manage_site"
TABS: Final = ("overview", "operations", "audit")
_HAVE_FORMS: Final = {"domain.change"}
_KEEPS: Final = {
    "domain.remove": "The proxy serves it until its next sync. Its certificate stays there until "
    "it expires.",
    "domain.remove-password": "After the last one, everybody is let in.",
    "domain.set-password": "Who has a password is asked for it by the browser (HTTP Basic). "
    "Without any, everybody is let in.",
}


@admin.register(Domain)
class DomainAdmin(ReadingAdmin):
    view_permission = "sites.view_site"
    list_title = "Domains"
    list_display = ("name", "kind_of", "site_name", "host_name", "certificate", "goes_to")
    list_filter = (HostOfRow, SiteOfRow, KindOfDomain, CertificateOfDomain)
    search_fields = ("name", "site__name", "host__name")
    ordering = ("name", "pk")
    change_list_template = "admin/sites/domain/change_list.html"

    kind_of = column("what it is", "kind")
    site_name = column("site", "site__name")
    host_name = column("host", "host__name")
    certificate = column("certificate", "tls")
    goes_to = column("requests go to")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Domain]:
        return domain_rows(request.user)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:key>/do/<str:kind>/", wrap(self.do_view), name="sites_domain_do"),
            path("<int:key>/edit/", wrap(self.edit_view), name="sites_domain_edit"),
        ]
        return own + super().get_urls()

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        row = found_or_404(domain_rows(request.user), key)
        tab = request.GET.get("tab", TABS[0])
        if tab not in TABS:
            raise Http404
        return self.page(
            request,
            "console/domain.html",
            title=row.shown,
            row=row,
            tab=tab,
            users=sorted(row.basic_auth),
            may_manage=may_on(request.user, MANAGE, row),
            sees_host=may_on(request.user, "sites.view_host", row.host),
            operations=operations_of(request, "domain", row.pk) if tab == "operations" else (),
            entries=entries_of(request, "domain", row.pk) if tab == "audit" else (),
        )

    def edit_view(self, request: HttpRequest, key: int) -> HttpResponse:
        row = found_or_404(domain_rows(request.user), key)
        _allowed(request, row)
        form = DomainForm(request.POST or None, row=row)
        valid = request.method == "POST" and form.is_valid()
        if valid and (done := started(request, form, "domain.change", row, form.values())):
            messages.success(request, done.message)
            return HttpResponseRedirect(_page(row))
        return _form(self, request, form, title=f"Edit {row.shown}", site=row.site, row=row)

    def do_view(self, request: HttpRequest, key: int, kind: str) -> HttpResponse:
        row = found_or_404(domain_rows(request.user), key)
        verb = verb_or_404(kind, Domain, elsewhere=_HAVE_FORMS)
        gone = kind == "domain.remove"
        frame = self.frame(
            request,
            back=domains_of(row.site) if gone else _page(row),
            cancel=_page(row),
            where=row.host.name,
            loses=_loses(row) if gone else (),
            keeps=_KEEPS.get(kind, ""),
            joint="" if gone else "for",
            initial={"username": request.GET.get("username", "")},
        )
        return act(request, verb, row, context=frame)


def add_page(page: ReadingAdmin, request: HttpRequest, site: Site) -> HttpResponse:
    """Asked for on the page of its site."""
    _allowed(request, site)
    form = DomainForm(request.POST or None, first=not site.domains.exists())
    valid = request.method == "POST" and form.is_valid()
    if valid and (done := started(request, form, "domain.add", site, form.values())):
        messages.success(request, done.message)
        return HttpResponseRedirect(domains_of(site))
    return _form(page, request, form, title=f"A domain for {site.name}", site=site, row=None)


def domains_of(site: Site) -> str:
    """The tab of its page on which they stand."""
    return reverse("admin:sites_site_change", args=[site.pk]) + "?tab=domains"


def _form(
    page: ReadingAdmin, request: HttpRequest, form: DomainForm, *, site: Site, **values: Any
) -> HttpResponse:
    back = _page(values["row"]) if values["row"] else domains_of(site)
    response = page.page(
        request, "console/domain_form.html", form=form, site=site, back=back, **values
    )
    response.status_code = 422 if form.errors else 200
    return response


def _allowed(request: HttpRequest, thing: Domain | Site) -> None:
    if not may_on(request.user, MANAGE, thing):
        raise PermissionDenied


def _page(row: Domain) -> str:
    return reverse("admin:sites_domain_change", args=[row.pk])


def _loses(row: Domain) -> list[str]:
    users = len(row.basic_auth)
    lost = ["The site’s answer under this name"]
    return lost + ([f"The passwords of {users} user{'' if users == 1 else 's'}"] if users else [])
