"""Filters of the list of operations."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from provisioning.models import Operation
from provisioning.operations import VERBS

Choices = list[tuple[str, str]]
Rows = QuerySet[Operation]
ACTIVE = "active"


class StatusFilter(admin.SimpleListFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(ACTIVE, "under way"), *((one.value, one.value) for one in Operation.Status)]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if self.value() == ACTIVE:
            return queryset.active()  # type: ignore[attr-defined, no-any-return]
        return queryset.filter(status=self.value()) if self.value() else queryset


class KindFilter(admin.SimpleListFilter):
    title = "action"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(kind, kind) for kind in VERBS]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class _Linked(admin.SimpleListFilter):
    """Set by a link; there are too many values to offer them as a list."""

    column = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        chosen = self.value()
        return [(chosen, self.shown(chosen))] if chosen else []

    def shown(self, value: str) -> str:
        return value

    def value(self) -> str | None:
        return self.used_parameters.get(self.parameter_name or "")

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class ActorFilter(_Linked):
    title = "who"
    parameter_name = "actor"
    column = "actor_name"


class BatchFilter(_Linked):
    title = "asked for together"
    parameter_name = "batch"
    column = "batch"

    def shown(self, value: str) -> str:
        return value[:8]
