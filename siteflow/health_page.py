"""How SiteFlow itself is, for who manages all of it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse

from monitoring.health.telling import detailed_health
from siteflow.health import ADMIN_PERMISSION
from sites.rights import may


def health_page(request: HttpRequest, frame: dict[str, Any]) -> TemplateResponse:
    if not may(request.user, ADMIN_PERMISSION):
        raise PermissionDenied
    context = {**frame, "title": "Health", "told": detailed_health()}
    return TemplateResponse(request, "console/health.html", context)
