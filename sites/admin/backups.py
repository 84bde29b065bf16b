"""Backups of all sites: the list, the worst first, and the page of one. Only to be read."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from provisioning.backups.judging import WRONG, State
from provisioning.backups.models import SiteBackup
from provisioning.backups.nas_telling import sources_out
from provisioning.backups.rows import backup_rows
from provisioning.backups.states import nas_of_sites
from provisioning.backups.telling import backup_out
from provisioning.buttons import buttons
from sites.admin.filters import Choices, HostOfRow, StateOfRow
from sites.admin.reading import ReadingAdmin, column, found_or_404, under_way
from sites.models import Host
from sites.rights import may_on, may_somewhere


class StateOfBackup(StateOfRow):
    states: ClassVar[Choices] = State.choices

    def needy(self) -> Q:
        return Q(live_state__in=WRONG)


class HostOfBackup(HostOfRow):
    column = "site__host__name"


class NasOfBackup(HostOfRow):
    title = "NAS"
    parameter_name = "nas"
    column = "source__nas__name"

    def offered(self, hosts: QuerySet[Host]) -> QuerySet[Host]:
        return hosts.filter(backup_sources__isnull=False).distinct()


@admin.register(SiteBackup)
class SiteBackupAdmin(ReadingAdmin):
    view_permission = "sites.view_site"
    list_title = "Backups"
    list_display = ("name", "state", "newest", "size", "number", "nas_name", "host_name")
    list_filter = (StateOfBackup, HostOfBackup, NasOfBackup)
    search_fields = ("site__name", "site__host__name")
    change_list_template = "admin/provisioning/sitebackup/change_list.html"

    name = column("site", "site__name")
    state = column("state", "rank")
    newest = column("newest", "since")
    size = column("size")
    number = column("kept", "count")
    nas_name = column("NAS", "source__nas__name")
    host_name = column("host", "site__host__name")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """By what `SiteBackupQuerySet.live` adds, which Django's checks do not know."""
        return ("rank", "since", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = backup_rows(request.user)
        return rows

    def around(self, request: HttpRequest) -> dict[str, Any]:
        now = timezone.now()
        return {
            "sources": sources_out(request.user, now=now),
            "nas_error": nas_of_sites(request.user, now=now)[1],
            "may_set_up": may_somewhere(request.user, "sites.manage_host"),
        }

    def told(self, request: HttpRequest, rows: list[Any]) -> dict[str, Any]:
        now = timezone.now()
        for row in rows:
            row.told = backup_out(row, now=now)
        return {}

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        row = found_or_404(backup_rows(request.user), key)
        own = [one for one in buttons(request.user, "site", row.site) if one.kind == "backup.check"]
        return self.page(
            request,
            "console/backup.html",
            title=row.site.name,
            row=row,
            told=backup_out(row),
            buttons=own,
            active=under_way(request, "site", [row.pk]).get(row.pk),
            sees_host=may_on(request.user, "sites.view_host", row.site.host),
            sees_nas=may_on(request.user, "sites.view_host", row.source.nas),
        )
