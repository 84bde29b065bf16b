"""Certificates of all domains: the list, the worst first, and the page of one. Only to be read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from provisioning.buttons import buttons
from provisioning.certificates.judging import BROKEN, THRESHOLDS_D, State
from provisioning.certificates.models import Certificate
from provisioning.certificates.rows import certificate_rows
from provisioning.certificates.telling import certificate_out
from sites.admin.filters import Choices, HostOfRow, Rows, SiteOfRow, StateOfRow
from sites.admin.reading import ReadingAdmin, column, found_or_404, under_way
from sites.rights import may_on


class StateOfCertificate(StateOfRow):
    states: ClassVar[Choices] = State.choices

    def needy(self) -> Q:
        return Q(live_state__in=[*BROKEN, State.DIFFERS, State.SOON])


class EndsWithin(admin.SimpleListFilter):
    title = "ends within"
    parameter_name = "before"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(str(days), f"{days} day{'' if days == 1 else 's'}") for days in THRESHOLDS_D]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if self.value() not in {str(days) for days in THRESHOLDS_D}:
            return queryset
        rows: Any = queryset
        found: Rows = rows.ending_within(timedelta(days=int(self.value() or 0)))
        return found


@admin.register(Certificate)
class CertificateAdmin(ReadingAdmin):
    view_permission = "sites.view_site"
    list_title = "Certificates"
    list_display = ("name", "state", "left", "issuer", "compared", "site_name", "host_name")
    list_filter = (StateOfCertificate, EndsWithin, HostOfRow, SiteOfRow)
    search_fields = ("name", "site__name", "host__name")
    change_list_template = "admin/provisioning/certificate/change_list.html"

    state = column("state", "rank")
    left = column("days left", "ends")
    issuer = column("issued by")
    compared = column("on disk")
    site_name = column("site", "site__name")
    host_name = column("host", "host__name")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """By what `CertificateQuerySet.live` adds, which Django's checks do not know."""
        return ("rank", "ends", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = certificate_rows(request.user)
        return rows

    def told(self, request: HttpRequest, rows: list[Any]) -> dict[str, Any]:
        now = timezone.now()
        for row in rows:
            row.told = certificate_out(row, now=now)
        return {}

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        row = found_or_404(certificate_rows(request.user), key)
        return self.page(
            request,
            "console/certificate.html",
            title=row.shown,
            row=row,
            told=certificate_out(row),
            buttons=[
                one for one in buttons(request.user, "domain", row) if one.kind == "cert.check"
            ],
            active=under_way(request, "domain", [row.pk]).get(row.pk),
            sees_host=may_on(request.user, "sites.view_host", row.host),
        )
