"""The console's frame around pages that do not come from its admin site."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from siteflow.accounts.holds import hold_of

_PAGES = ("/account/", "/admin/login/", "/admin/password_change/")


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Without the menu while something has to be done first."""
    if not request.path.startswith(_PAGES):
        return {}
    context = admin.site.each_context(request)
    if hold_of(request.user) is not None:
        context["has_permission"] = False
    return context
