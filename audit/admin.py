"""The audit in the console: to read, to filter, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.functional import cached_property

from audit.address import parse_address
from audit.admin_filters import ActionFilter, PeriodFilter
from audit.comparison import compare
from audit.filters import count
from audit.models import Entry, EntryQuerySet
from audit.reach import reach
from audit.read_only import ReadOnly

if TYPE_CHECKING:  # generic to the type checker only
    _Paginator = Paginator[Entry]
else:
    _Paginator = Paginator


class BoundedPaginator(_Paginator):
    """Counts as far as the API does: the list must open as fast with a million entries."""

    @cached_property
    def count(self) -> int:
        if isinstance(self.object_list, EntryQuerySet):
            return count(self.object_list)[0]
        return len(self.object_list)  # the page of an entry's history, which has none


@admin.register(Entry)
class EntryAdmin(ReadOnly):
    list_display = (
        "at",
        "actor",
        "action",
        "target",
        "status",
        "duration",
        "source_address",
    )
    list_filter = (ActionFilter, "status", "source", PeriodFilter)
    search_fields = ("target_name",)
    search_help_text = "Part of a target's or a person's name; or an address, a request, a number"
    ordering = ("-id",)
    sortable_by = ()  # by number alone: another order would read the whole table
    paginator = BoundedPaginator
    fieldsets = (
        (None, {"fields": ("at", "action", "status", "phase", "target", "host_name")}),
        ("Who", {"fields": ("actor", "actor_id", "source", "source_address", "user_agent")}),
        ("What changed", {"fields": ("changes",)}),
        (
            "How it went",
            {"fields": ("output", "error", "error_code", "duration", "operation_id", "request_id")},
        ),
        ("Chain", {"fields": ("id", "prev_hash", "hash"), "classes": ("collapse",)}),
    )
    readonly_fields = ("id", "actor", "source_address", "target", "duration", "changes")

    @admin.display(description="actor")
    def actor(self, entry: Entry) -> str:
        return entry.actor_name or "nobody logged in"

    @admin.display(description="source address", empty_value="")
    def source_address(self, entry: Entry) -> str | None:
        return entry.remote_addr

    @admin.display(description="target")
    def target(self, entry: Entry) -> str:
        return f"{entry.target_type} {entry.target_name or entry.target_id}".strip()

    @admin.display(description="duration")
    def duration(self, entry: Entry) -> str:
        return "" if entry.duration_ms is None else f"{entry.duration_ms:,.0f} ms"

    @admin.display(description="before and after")
    def changes(self, entry: Entry) -> str:
        rows = compare(entry.before, entry.after)
        return render_to_string("audit/changes.html", {"rows": rows})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        return Entry.objects.visible_to(request.user)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Entry], search_term: str
    ) -> tuple[QuerySet[Entry], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = Q(target_name__icontains=term) | Q(actor_name__icontains=term) | Q(request_id=term)
        if parse_address(term):
            wanted |= Q(remote_addr=term)
        if term.isdecimal():
            wanted |= Q(id=int(term)) | Q(operation_id=int(term))
        return queryset.filter(wanted), False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(reach(request.user, "audit.view_entry"))
