"""The table of all containers, and the page of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from monitoring.alerts.here import open_on
from monitoring.charts import page as charts
from provisioning.acting import act
from provisioning.bulk import MAX_TARGETS, carry_out, plan
from provisioning.buttons import HAVE_TABS, buttons
from provisioning.operations.contract import Verb
from sites.admin.container_inspect import inspect_tab, limits_tab
from sites.admin.filters import HealthFilter, HostOfRow, SiteOfRow, StateFilter
from sites.admin.logs import container_log
from sites.admin.metrics import metrics_tab
from sites.admin.new_container import new_container_page
from sites.admin.reading import (
    ReadingAdmin,
    column,
    entries_of,
    found_or_404,
    operations_of,
    under_way,
    verb_or_404,
)
from sites.admin.terminals import may_enter, terminal_tab
from sites.attention import why
from sites.models import Container
from sites.rights import may_on, may_somewhere
from sites.rows import container_rows
from sites.schemas import container_detail, container_out

TABS = (
    "overview", "logs", "terminal", "metrics", "limits", "inspect", "operations", "audit",
)  # fmt: skip


@admin.register(Container)
class ContainerAdmin(ReadingAdmin):
    view_permission = "sites.view_container"
    list_title = "Containers"
    list_display = ("name", "state", "since", "site_name", "host_name", "published", "restarts")
    list_filter = (StateFilter, HealthFilter, HostOfRow, SiteOfRow)
    search_fields = ("name", "image", "compose_project", "host__name")
    ordering = ("name", "pk")
    change_list_template = "admin/sites/container/change_list.html"

    state = column("state", "live_state")
    since = column("since", "-state_since")
    site_name = column("site", "site__name")
    host_name = column("host", "host__name")
    published = column("ports")
    restarts = column("restarts", "-restart_count")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Container]:
        return container_rows(request.user)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:key>/do/<str:kind>/", wrap(self.do_view), name="sites_container_do"),
            path("bulk/<str:kind>/", wrap(self.bulk_view), name="sites_container_bulk"),
        ]
        return own + super().get_urls()

    def around(self, request: HttpRequest) -> dict[str, Any]:
        return {"may_make": may_somewhere(request.user, "sites.manage_site")}

    def new_page(self, request: HttpRequest) -> HttpResponse:
        return new_container_page(request, self.frame(request))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Bulk actions are the verbs this account may use."""
        return {
            button.name: (_planner(button.verb), button.name, button.label)
            for button in buttons(request.user, "container")
        }

    def told(self, request: HttpRequest, rows: list[Container]) -> dict[str, Any]:
        return {
            "items": [container_out(row) for row in rows],
            "buttons": buttons(request.user, "container"),
            "under_way": under_way(request, "container", [row.pk for row in rows]),
            "max_targets": MAX_TARGETS,
        }

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        row = found_or_404(container_rows(request.user).defer(None), key)
        tab = request.GET.get("tab", TABS[0])
        if tab not in TABS:
            raise Http404
        item = container_detail(row)
        return self.page(
            request,
            "console/container.html",
            title=row.name,
            row=row,
            item=item,
            why=why(item["state"], row.health, row.exit_code),
            tab=tab,
            sees_host=may_on(request.user, "sites.view_host", row.host),
            buttons=buttons(request.user, "container", row),
            may_enter=may_enter(request, row),
            **_tab(request, row, tab),
            active=under_way(request, "container", [row.pk]).get(row.pk),
            **open_on(request.user, row),
        )

    def do_view(self, request: HttpRequest, key: int, kind: str) -> HttpResponse:
        row = found_or_404(container_rows(request.user), key)
        back = reverse("admin:sites_container_change", args=[row.pk])
        back += "?tab=limits" if kind == "container.limits" else ""
        loses = ["The container and what was written inside it", "Its log"]
        frame = self.frame(
            request, back=back, item=container_out(row), where=row.host.name,
            loses=loses if kind == "container.remove" else (),
            keeps="Named volumes and the image stay on the host.",
        )  # fmt: skip
        return act(request, verb_or_404(kind, Container), row, context=frame)

    def bulk_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """The second step: what was planned is carried out."""
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:sites_container_changelist"))
        keys = [key for key in request.POST.getlist("key") if key.isdecimal() and len(key) <= 18]
        rows = container_rows(request.user).filter(pk__in=keys[:MAX_TARGETS])
        verb = verb_or_404(kind, Container, elsewhere=HAVE_TABS)
        return carry_out(request, verb, rows, context=_bulk_frame(self, request))


def _tab(request: HttpRequest, row: Container, tab: str) -> dict[str, Any]:
    """What only this tab reads."""
    if tab == "operations":
        return {"operations": operations_of(request, "container", row.pk)}
    if tab == "audit":
        return {"entries": entries_of(request, "container", row.pk)}
    if tab == "metrics":
        return metrics_tab(request, charts.of_container, row)
    if tab == "terminal":
        return terminal_tab(request, row)
    if tab == "logs":
        return container_log(row)
    if tab == "limits":
        return limits_tab(request, row)
    return inspect_tab(request, row) if tab == "inspect" else {}


def _bulk_frame(page: ContainerAdmin, request: HttpRequest) -> dict[str, Any]:
    return page.frame(request, back=reverse("admin:sites_container_changelist"))


def _planner(verb: Verb) -> Callable[..., HttpResponse | None]:
    """The first step, in the form that Django's lists call for the ticked rows."""

    def planner(
        page: ContainerAdmin, request: HttpRequest, rows: QuerySet[Container]
    ) -> HttpResponse | None:
        chosen = list(rows[: MAX_TARGETS + 1])
        if len(chosen) > MAX_TARGETS:
            text = f"At most {MAX_TARGETS} containers at once; narrow the list with a filter."
            messages.error(request, text)
            return None
        return plan(request, verb, chosen, context=_bulk_frame(page, request))

    return planner
