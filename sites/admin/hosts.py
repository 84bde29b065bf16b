"""The list of hosts, the page of one, and the form to add or change one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from monitoring.alerts.here import open_on
from monitoring.charts import page as charts
from provisioning.acting import act
from provisioning.buttons import Button, buttons
from sites.admin import host_things, host_wizard
from sites.admin.filters import HostStateFilter
from sites.admin.host_changes import add_page, change_page
from sites.admin.host_events import events_tab
from sites.admin.host_facts import docker, gauges, machine
from sites.admin.host_nas import nas_page, nas_tab
from sites.admin.host_proxy import proxy_tab, sync_context
from sites.admin.metrics import metrics_tab
from sites.admin.reading import (
    ReadingAdmin,
    column,
    entries_of,
    found_or_404,
    operations_of,
    tag_names,
    under_way,
    verb_or_404,
)
from sites.admin.terminals import may_enter, terminal_tab
from sites.models import Container, Host
from sites.rights import may, may_on, reach
from sites.rows import container_rows, host_rows
from sites.schemas import container_out, host_is_fresh

TABS = (
    "overview", "containers", *host_things.TABS, "metrics", "events", "services", "proxy",
    "backups", "terminal", "operations", "audit",
)  # fmt: skip
MAX_SHOWN = 500
_FORMS = {
    "host.add",
    "host.change",
    "host.add-site",
    "nas.set",
    "container.create",
}  # have pages of their own
_IN_PLACE = {
    "host.add-site",
    "host.approve-key",
    "host.restart-service",
    "host.rotate-key",
    "host.confirm",
    "proxy.install",
    "proxy.sync",
    "proxy.reload",
    "host.generate-key",
    "host.tag",
    "host.terminals",
    "nas.check",
    "nas.forget",
    *host_things.VERBS,
    *_FORMS,
}  # offered where they belong

_KEEPS = {
    "host.remove": "On the host itself nothing is touched: its containers keep running.",
    "nas.forget": "On the NAS nothing is touched.",
    "host.terminals": "Terminals that are open stay as they are.",
    "proxy.install": "Caddy is put there as a container with its files beside the sites. A "
    "container called caddy that is there already is never touched.",
}


@admin.register(Host)
class HostAdmin(ReadingAdmin):
    view_permission = "sites.view_host"
    list_title = "Hosts"
    list_display = ("name", "state", "address", "containers", "docker", "looked")
    list_filter = (HostStateFilter, "connection")
    search_fields = ("name", "address", "username")
    ordering = ("name",)
    change_list_template = "admin/sites/host/change_list.html"

    state = column("state", "state")
    containers = column("containers", "-total")
    docker = column("Docker")
    looked = column("last look", F("inventory_at").desc(nulls_last=True))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Host]:
        rows = host_rows(request.user).annotate(
            total=_count(), running=_count(state=Container.State.RUNNING)
        )
        return rows.annotate(docker_version=KT("facts__docker_version"))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:key>/do/<str:kind>/", wrap(self.do_view), name="sites_host_do"),
            path("<int:key>/edit/", wrap(self.edit_view), name="sites_host_edit"),
            path("<int:key>/nas/", wrap(self.nas_view), name="sites_host_nas"),
            path("set-up/", wrap(self.set_up_view), name="sites_host_set_up"),
            path("set-up/<int:key>/", wrap(self.wizard_view), name="sites_host_wizard"),
        ]
        return own + super().get_urls()

    def around(self, request: HttpRequest) -> dict[str, Any]:
        return {
            "may_manage": may(request.user, "sites.manage_host"),
            "manages": reach(request.user, "sites.manage_host"),
            "buttons": _in_rows(request),
        }

    def told(self, request: HttpRequest, rows: list[Any]) -> dict[str, Any]:
        wizards = list(host_wizard.own(request))
        guided = {each.host_id: each.pk for each in wizards}
        for row in rows:
            row.fresh, row.wizard = host_is_fresh(row), guided.get(row.pk)
        return {"wizards": wizards}

    def new_page(self, request: HttpRequest) -> HttpResponse:
        return add_page(request, self.frame(request))

    def set_up_view(self, request: HttpRequest) -> HttpResponse:
        return host_wizard.first_page(request, self.frame(request))

    def wizard_view(self, request: HttpRequest, key: int) -> HttpResponse:
        return host_wizard.page(request, key, self.frame(request))

    def edit_view(self, request: HttpRequest, key: int) -> HttpResponse:
        row = found_or_404(Host.objects.visible_to(request.user), key)
        return change_page(request, row, self.frame(request))

    def nas_view(self, request: HttpRequest, key: int) -> HttpResponse:
        row = found_or_404(Host.objects.visible_to(request.user), key)
        return nas_page(request, row, self.frame(request))

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        row = found_or_404(self.get_queryset(request).defer("credential__encrypted"), key)
        tab = request.GET.get("tab", TABS[0])
        if tab not in TABS:
            raise Http404
        return self.page(
            request,
            "console/host.html",
            title=row.name,
            row=row,
            fresh=host_is_fresh(row),
            tab=tab,
            buttons=_in_rows(request, row),
            tags=tag_names(row),
            may_tag=may(request.user, "sites.manage_tag"),
            may_manage=may_on(request.user, "sites.manage_host", row),
            sees_via=bool(row.via) and may_on(request.user, "sites.view_host", row.via),
            may_enter=may_enter(request, row),
            may_operate=may_on(request.user, "sites.operate_host", row),
            active=under_way(request, "host", [row.pk]).get(row.pk),
            wizard=host_wizard.own(request).filter(host=row).first() if row.is_pending else None,
            **open_on(request.user, row),
            **_tab(request, row, tab),
        )

    def do_view(self, request: HttpRequest, key: int, kind: str) -> HttpResponse:
        row = found_or_404(Host.objects.visible_to(request.user), key)
        verb = verb_or_404(kind, Host, elsewhere=_FORMS)
        page = reverse("admin:sites_host_change", args=[row.pk])
        if kind == "host.approve-key" and _unsure(request, row):
            messages.error(request, f"Type {row.name} to approve a key that has changed.")
            return HttpResponseRedirect(f"{page}#host-key")
        gone = kind == "host.remove"
        back = reverse("admin:sites_host_changelist") if gone else page
        loses = _loses(row) if gone else []
        if kind in ("nas.forget", "nas.check"):
            back = f"{page}?tab=backups"
        if kind == "nas.forget":
            loses = [f"What was seen of backups in {request.GET.get('root', 'that folder')[:1000]}"]
        if kind in host_things.VERBS:
            back = f"{page}?tab={host_things.VERBS[kind]}"
        frame = self.frame(
            request, back=back, cancel=page, loses=loses, where=row.address or "this machine",
            keeps=_KEEPS.get(kind, ""), joint="on" if verb.on else "",
            initial={"tags": tag_names(row), "root": request.GET.get("root", "")},
        )  # fmt: skip
        if (
            kind == "proxy.sync"
            and request.method != "POST"
            and may_on(request.user, verb.permission, row)
        ):
            frame |= sync_context(row)
        if kind in host_things.VERBS:
            frame |= host_things.asked_first(request, row, kind)
        return act(request, verb, row, context=frame)


def _in_rows(request: HttpRequest, row: Host | None = None) -> list[Button]:
    return [each for each in buttons(request.user, "host", row) if each.kind not in _IN_PLACE]


def _unsure(request: HttpRequest, row: Host) -> bool:
    """A key that takes the place of an approved one asks for the host's typed name."""
    changed = bool(row.host_key) and row.offered_key != row.host_key
    typed = request.POST.get("confirm_name", "")
    return request.method == "POST" and changed and typed != row.name


def _loses(row: Host) -> list[str]:
    containers, sites = row.containers.count(), row.sites.count()
    return [
        f"What is known of {containers} container{'' if containers == 1 else 's'}"
        f" and {sites} site{'' if sites == 1 else 's'}",
        "Its approved host key: it must be approved again if the host comes back",
        "The key or password SiteFlow logs in with, for good",
        "Its facts, services and test results",
        "The roles that were given for it and for its sites",
    ]


def _tab(request: HttpRequest, row: Host, tab: str) -> dict[str, Any]:
    """What only this tab reads."""
    if tab == "containers":
        found = list(
            container_rows(request.user).filter(host=row).order_by("name", "pk")[:MAX_SHOWN]
        )
        keys = [each.pk for each in found]
        return {
            "items": [container_out(each) for each in found],
            "container_buttons": buttons(request.user, "container"),
            "under_way": under_way(request, "container", keys),
            "may_make": may_on(request.user, "sites.manage_site", row) and not row.is_pending,
        }
    if tab == "operations":
        return {"operations": operations_of(request, "host", row.pk)}
    if tab == "audit":
        return {"entries": entries_of(request, "host", row.pk)}
    if tab in host_things.TABS:
        return host_things.things_tab(request, row, tab)
    if tab == "proxy":
        return proxy_tab(request, row)
    if tab == "backups":
        return nas_tab(request, row)
    if tab == "metrics":
        return metrics_tab(request, charts.of_host, row)
    if tab == "events":
        return events_tab(request, row)
    if tab == "terminal":
        return terminal_tab(request, row)
    if tab == "services":
        return {"services": row.services}
    facts = row.facts
    return {"machine": machine(facts), "docker": docker(facts), "gauges": gauges(facts)}


def _count(**only: str) -> Coalesce:
    found = Container.objects.filter(Q(host=OuterRef("pk")), **only).order_by().values("host")
    return Coalesce(Subquery(found.annotate(number=Count("pk")).values("number")), 0)
