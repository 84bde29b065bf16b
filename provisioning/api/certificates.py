"""Certificates of domains over HTTP, to read; the domain's `cert-check` looks at one anew."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router

from provisioning.certificates.rows import CertificateFilter, certificate_rows
from provisioning.certificates.telling import CertificateOut, certificate_out
from sites.answers import json_answer, list_parameters, need
from sites.paging import Page, Paging, filtered, page_of

certificates = Router(tags=["sites"])

ORDERS: Final = {
    "not_after": "ends", "name": "name", "state": "live_state", "urgency": "rank",
    "host": "host__name", "id": "pk",
}  # fmt: skip


class CertificatePage(Page):
    items: list[CertificateOut]


@certificates.get("", response=CertificatePage, openapi_extra=list_parameters(CertificateFilter))
def list_certificates(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """One for each domain, also without a certificate. Order by not_after (those that end first
    first), urgency (the worst state first), name, state, host or id."""
    need(request.user, "sites.view_site")
    now = timezone.now()
    rows = filtered(CertificateFilter, request, certificate_rows(request.user))
    content = page_of(
        rows, paging, orderings=ORDERS, default="not_after",
        out=lambda row: certificate_out(row, now=now),
    )  # fmt: skip
    return json_answer(content)
