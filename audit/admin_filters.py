"""Filters of the audit's list that stay fast on a large table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from pydantic import ValidationError

from audit.filters import EntryFilter, actions_of, between
from audit.models import Entry


class ActionFilter(admin.SimpleListFilter):
    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Only those of entries that this account may read."""
        rows = Entry.objects.visible_to(request.user)
        return [(action, action) for action in actions_of(rows)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class PeriodFilter(admin.ListFilter):
    """From one day to another, in a small form that needs no script."""

    title = "time"
    template = "audit/period_filter.html"
    names = ("since", "until")

    def __init__(
        self, request: HttpRequest, params: dict[str, list[str]], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        given = {name: params.pop(name, [""])[-1] for name in self.names}
        self.used_parameters.update({name: value for name, value in given.items() if value})

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.names)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry] | None:
        used = self.used_parameters
        try:
            chosen = EntryFilter.model_validate(
                {"start_date": used.get("since"), "end_date": used.get("until")}
            )
        except ValidationError:  # an address typed by hand: nothing is of that time
            return queryset.none()
        return between(queryset, chosen.start_date, chosen.end_date)  # type: ignore[arg-type]

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """One choice: the form's two values and the other filters to keep."""
        yield {
            "since": self.used_parameters.get("since", ""),
            "until": self.used_parameters.get("until", ""),
            "others": self._others(changelist),
            "clear": changelist.get_query_string(remove=list(self.names)),
        }

    def _others(self, changelist: ChangeList) -> list[tuple[str, str]]:
        kept = changelist.get_filters_params() | {"q": [changelist.query]}
        names = [name for name in kept if name not in self.names]
        return [(name, value) for name in names for value in kept[name] if value]
