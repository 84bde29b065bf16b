"""Lists and pages of the console that only show: Django's own forms are closed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from audit.lookups import offered
from audit.searching import Searched


class ReadOnly(Searched):
    """Filtered by what its filters offer. Who may see it, each says by itself."""

    list_per_page = 50
    show_full_result_count = False
    list_max_show_all = 0
    actions: Any = None

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return offered(self.list_filter, lookup)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)
