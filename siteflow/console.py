"""The console: Django's admin with our frame, menu and pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitoring.charts.page import Page, of_system
from monitoring.charts.ranges import DEFAULT, SPANS
from provisioning.models import Operation
from provisioning.terminals.models import REPLAYS
from siteflow.accounts.views.entrance import entrance
from siteflow.accounts.views.password import own_password
from siteflow.graph_page import graph_page
from siteflow.health import ADMIN_PERMISSION
from siteflow.health_page import health_page
from siteflow.overview.shown import page_context
from siteflow.terminal_pages import recording_file, replay_page, watch_page
from sites.models.host import stale_after
from sites.rights import may, may_somewhere


@dataclass(frozen=True)
class Item:
    """One line of the side menu; shown to whoever holds the permission.

    ``also`` are views whose pages lie below it for people, though not by their addresses;
    ``everywhere``: the permission must be held for everything there is.
    """

    title: str
    icon: str
    view: str
    permission: str = ""
    args: tuple[str, ...] = ()
    apart: bool = False
    also: tuple[str, ...] = ()
    everywhere: bool = False


_OF_SITES = (
    "admin:sites_domain_changelist",
    "admin:provisioning_sitetemplate_changelist",
    "admin:provisioning_quarantine_changelist",
)
_OF_SETTINGS = ("admin:monitoring_channel_changelist", "admin:monitoring_delivery_changelist")
# By what people do. What does not exist yet is not listed.
MENU = (
    Item("Overview", "overview", "admin:index"),
    Item("Sites", "sites", "admin:sites_site_changelist", "sites.view_site", also=_OF_SITES),
    Item("Containers", "containers", "admin:sites_container_changelist", "sites.view_container"),
    Item("Hosts", "hosts", "admin:sites_host_changelist", "sites.view_host"),
    Item("Graph", "graph", "admin:graph", "sites.view_site"),
    Item(
        "Alerts",
        "alerts",
        "admin:monitoring_alert_changelist",
        "sites.view_site",
        also=("admin:monitoring_rule_changelist", "admin:monitoring_maintenance_changelist"),
    ),
    Item(
        "Certificates",
        "certificates",
        "admin:provisioning_certificate_changelist",
        "sites.view_site",
    ),
    Item("Backups", "backups", "admin:provisioning_sitebackup_changelist", "sites.view_site"),
    Item(
        "Operations",
        "operations",
        "admin:provisioning_operation_changelist",
        "provisioning.view_operation",
    ),
    Item("Audit", "audit", "admin:audit_entry_changelist", "audit.view_entry"),
    Item("Health", "health", "admin:health", ADMIN_PERMISSION, apart=True, everywhere=True),
    Item(
        "Settings",
        "settings",
        "admin:app_list",
        "auth.view_user",
        args=("auth",),
        also=_OF_SETTINGS,
    ),
)


class Console(AdminSite):
    site_header = "SiteFlow"
    site_title = "SiteFlow"
    index_title = "Overview"
    index_template = "console/overview.html"
    enable_nav_sidebar = False
    site_url = None

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
                "may_replay": may_somewhere(request.user, REPLAYS),
                "menu": menu(request.user, request.path),
                "may_see": {
                    "operations": may_somewhere(request.user, "provisioning.view_operation"),
                    "audit": may_somewhere(request.user, "audit.view_entry"),
                    "channels": may_somewhere(request.user, "monitoring.manage_channel"),
                },
                "running": Operation.objects.visible_to(request.user).active().count(),
            }
        return context

    def get_urls(self) -> list[URLPattern | URLResolver]:
        own = [
            path("health/", self.admin_view(require_safe(self.health)), name="health"),
            path("graph/", self.admin_view(graph_page), name="graph"),
            path("terminals/<int:key>/", self.admin_view(replay_page), name="terminal"),
            path(
                "terminals/<int:key>/recording/",
                self.admin_view(recording_file),
                name="terminal_recording",
            ),
            path("terminals/<int:key>/watch/", self.admin_view(watch_page), name="terminal_watch"),
        ]
        return [*own, *super().get_urls()]

    def health(self, request: HttpRequest) -> TemplateResponse:
        return health_page(request, self.each_context(request))

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return entrance(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return own_password(request)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        told = page_context(request.user, now=timezone.now())
        charts = _charts(request, sees_hosts=bool(told["told"].machines))
        return super().index(request, {**told, "charts": charts, **(extra_context or {})})


def _charts(request: HttpRequest, *, sees_hosts: bool) -> Page | None:
    """Of all hosts together; for who sees some, and not when only changed parts are asked for."""
    span = SPANS.get(request.GET.get("range", DEFAULT))
    if span is None:
        raise Http404
    if not sees_hosts or request.headers.get("X-Only") == "parts":
        return None
    found = of_system(request.user, span)
    return found if found.measured or "range" in request.GET else None


def _roots() -> dict[str, str]:
    """Addresses that rows are built on; asking the URL table for each row would be slow."""
    lists = {
        "container_root": "admin:sites_container_changelist",
        "site_root": "admin:sites_site_changelist",
        "domain_root": "admin:sites_domain_changelist",
        "certificate_root": "admin:provisioning_certificate_changelist",
        "backup_root": "admin:provisioning_sitebackup_changelist",
        "host_root": "admin:sites_host_changelist",
        "alert_root": "admin:monitoring_alert_changelist",
        "operation_root": "admin:provisioning_operation_changelist",
    }
    return {name: reverse(view) for name, view in lists.items()}


def _may_open(user: User | AnonymousUser, item: Item) -> bool:
    if not item.permission:
        return True
    if item.everywhere:
        return may(user, item.permission)
    return may_somewhere(user, item.permission)


def menu(user: User | AnonymousUser, address: str) -> list[dict[str, Any]]:
    """The lines this account may see, with the one that is open marked."""
    lines = []
    for item in MENU:
        if not _may_open(user, item):
            continue
        url = reverse(item.view, args=item.args)
        below = (url, *map(reverse, item.also))
        here = address == url if item.view == "admin:index" else address.startswith(below)
        lines.append({"item": item, "url": url, "here": here})
    return lines
