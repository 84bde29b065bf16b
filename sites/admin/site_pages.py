"""Pages of a site beside its tabs: one release, and its secrets in clear."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from audit.record import Actor
from provisioning.engine import EngineError
from provisioning.log_archive.shown import archive_rows
from provisioning.releases.models import Release
from provisioning.releases.numbers import base_of
from provisioning.releases.revealing import reveal
from provisioning.releases.shown import compared_with, release_detail, release_of
from sites.admin.site_tabs import offers, releases_of
from sites.answers import NotFound
from sites.models import Site


def release_page(
    request: HttpRequest, site: Site, number: int, frame: dict[str, Any]
) -> TemplateResponse:
    text = request.GET.get("against", "")
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
    try:
        row = release_of(site, number)
        against = compared_with(site, row, wanted)
    except NotFound as error:
        raise Http404 from error
    shown = {
        **frame,
        **offers(request, site),
        "title": f"Release {row.number} of {site.name}",
        "row": site,
        "release": row,
        "item": release_detail(row, against),
        "others": [one.number for one in releases_of(site) if one.number != row.number],
        "archives": list(archive_rows(request.user).filter(site=site, release=row.number)),
        "can_go_back": row.status == Release.Status.PAST,
        "can_come": row.status in (Release.Status.PREPARED, Release.Status.FAILED),
    }
    return TemplateResponse(request, "console/release.html", shown)


def revealed_page(request: HttpRequest, site: Site, frame: dict[str, Any]) -> HttpResponse:
    """Only sent by a form: a link or a page read ahead never puts secrets on a screen."""
    page = reverse("admin:sites_site_change", args=[site.pk])
    if request.method != "POST":
        return HttpResponseRedirect(f"{page}?tab=config")
    try:
        release = base_of(site)
        env = reveal(site, release, actor=Actor.of_request(request, "console"))
    except NotFound as error:
        raise Http404 from error
    except EngineError as error:
        raise PermissionDenied(error.message) from error
    shown = {**frame, "title": f"Secrets of {site.name}", "row": site, "release": release,
             "env": env, "back": f"{page}?tab=config"}  # fmt: skip
    return TemplateResponse(request, "console/revealed.html", shown)
