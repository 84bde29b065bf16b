"""The console: Django's admin with our frame, menu and pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone

from provisioning.models import Operation
from siteflow.accounts.views.entrance import entrance
from siteflow.accounts.views.password import own_password
from siteflow.graph_page import graph_page
from siteflow.overview import overview
from sites.models.host import stale_after
from sites.rights import may_somewhere


@dataclass(frozen=True)
class Item:
    """One line of the side menu; shown to whoever holds the permission.

    ``also`` are views whose pages lie below it for people, though not by their addresses.
    """

    title: str
    icon: str
    view: str
    permission: str = ""
    args: tuple[str, ...] = ()
    apart: bool = False
    also: tuple[str, ...] = ()


_OF_SITES = (
    "admin:sites_domain_changelist",
    "admin:provisioning_sitetemplate_changelist",
    "admin:provisioning_quarantine_changelist",
)
# By what people do. What does not exist yet is not listed.
MENU = (
    Item("Overview", "overview", "admin:index"),
    Item("Sites", "sites", "admin:sites_site_changelist", "sites.view_site", also=_OF_SITES),
    Item("Containers", "containers", "admin:sites_container_changelist", "sites.view_container"),
    Item("Hosts", "hosts", "admin:sites_host_changelist", "sites.view_host"),
    Item("Graph", "graph", "admin:graph", "sites.view_site"),
    Item(
        "Certificates",
        "certificates",
        "admin:provisioning_certificate_changelist",
        "sites.view_site",
    ),
    Item(
        "Operations",
        "operations",
        "admin:provisioning_operation_changelist",
        "provisioning.view_operation",
    ),
    Item("Audit", "audit", "admin:audit_entry_changelist", "audit.view_entry"),
    Item("Settings", "settings", "admin:app_list", "auth.view_user", args=("auth",), apart=True),
)


class Console(AdminSite):
    site_header = "SiteFlow"
    site_title = "SiteFlow"
    index_title = "Overview"
    index_template = "console/overview.html"
    enable_nav_sidebar = False
    site_url = None

    def get_urls(self) -> list[URLPattern | URLResolver]:
        own = path("graph/", self.admin_view(graph_page), name="graph")
        return [own, *super().get_urls()]

    def has_permission(self, request: HttpRequest) -> bool:
        """Whoever holds a role may come in; Django's own staff mark plays no part."""
        return any(may_somewhere(request.user, item.permission) for item in MENU if item.permission)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        now = timezone.now()
        context |= {"now": now, "stale_after_s": int(stale_after().total_seconds())}
        context["drawn"] = {}  # what one page draws more than once
        if context["has_permission"]:
            context |= _roots() | {
                "menu": menu(request.user, request.path),
                "may_see": {
                    "operations": may_somewhere(request.user, "provisioning.view_operation"),
                    "audit": may_somewhere(request.user, "audit.view_entry"),
                },
                "running": Operation.objects.visible_to(request.user).active().count(),
            }
        return context

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return entrance(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return own_password(request)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        return super().index(request, {**overview(request.user), **(extra_context or {})})


def _roots() -> dict[str, str]:
    """Addresses that rows are built on; asking the URL table for each row would be slow."""
    lists = {
        "container_root": "admin:sites_container_changelist",
        "site_root": "admin:sites_site_changelist",
        "domain_root": "admin:sites_domain_changelist",
        "certificate_root": "admin:provisioning_certificate_changelist",
        "host_root": "admin:sites_host_changelist",
        "operation_root": "admin:provisioning_operation_changelist",
    }
    return {name: reverse(view) for name, view in lists.items()}


def menu(user: User | AnonymousUser, path: str) -> list[dict[str, Any]]:
    """The lines this account may see, with the one that is open marked."""
    lines = []
    for item in MENU:
        if item.permission and not may_somewhere(user, item.permission):
            continue
        url = reverse(item.view, args=item.args)
        below = (url, *map(reverse, item.also))
        here = path == url if item.view == "admin:index" else path.startswith(below)
        lines.append({"item": item, "url": url, "here": here})
    return lines
