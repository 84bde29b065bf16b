"""Filters of the lists. None of them counts: a count for each choice costs more than the list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from sites.attention import HOST_STATES, containers_in_need
from sites.filters import NO_CHECK
from sites.models import Container, Domain, Host, Site
from sites.models.container import UNKNOWN

NEEDY = "attention"
Choices = list[tuple[str, str]]
Rows = QuerySet[Any]


class StateOfRow(admin.SimpleListFilter):
    """By one state, or by all that need somebody."""

    title = "state"
    parameter_name = "state"
    column = "live_state"
    states: ClassVar[Choices] = []

    def needy(self) -> Q:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(NEEDY, "needs attention"), *self.states]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if self.value() == NEEDY:
            return queryset.filter(self.needy())
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class StateFilter(StateOfRow):
    states: ClassVar[Choices] = [
        *((state.value, state.value) for state in Container.State), (UNKNOWN, UNKNOWN),
    ]  # fmt: skip

    def needy(self) -> Q:
        return containers_in_need()


class HostStateFilter(StateOfRow):
    column = "state"
    states: ClassVar[Choices] = Host.State.choices

    def needy(self) -> Q:
        return Q(state__in=HOST_STATES)


class HealthFilter(admin.SimpleListFilter):
    title = "health"
    parameter_name = "health"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        checked = [(word, word) for word in ("healthy", "unhealthy", "starting")]
        return [*checked, (NO_CHECK, "no check")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        wanted = "" if self.value() == NO_CHECK else self.value()
        return queryset.filter(health=wanted) if self.value() else queryset


class HostOfRow(admin.SimpleListFilter):
    """By the host's name, so that the address line can be read and written by hand."""

    title = "host"
    parameter_name = "host"
    column = "host__name"

    def offered(self, hosts: QuerySet[Host]) -> QuerySet[Host]:
        return hosts

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        names = self.offered(Host.objects.visible_to(request.user)).order_by("name")
        return [(name, name) for name in names.values_list("name", flat=True)]

    def has_output(self) -> bool:
        return bool(self.lookup_choices)

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class SiteOfRow(admin.SimpleListFilter):
    """Set by a link from a site; there may be thousands, so they are not offered as a list."""

    title = "site"
    parameter_name = "site"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        key = self.value() or ""
        if not key.isdecimal() or len(key) > 18:
            return []
        rows = Site.objects.visible_to(request.user).filter(pk=key)
        return [(str(row.pk), row.name) for row in rows]

    def value(self) -> str | None:
        return self.used_parameters.get(self.parameter_name)

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        chosen = list(super().choices(changelist))
        return iter(chosen if self.lookup_choices else chosen[:1])

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if self.value() is None:
            return queryset
        return queryset.filter(site_id=self.value()) if self.lookup_choices else queryset.none()


class TemplateOfSite(admin.SimpleListFilter):
    title = "template"
    parameter_name = "template"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        rows = Site.objects.visible_to(request.user).exclude(template="").order_by("template")
        return [(name, name) for name in rows.values_list("template", flat=True).distinct()]

    def has_output(self) -> bool:
        return bool(self.lookup_choices)

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(template=self.value()) if self.value() else queryset


class KindOfDomain(admin.SimpleListFilter):
    title = "what it is"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(kind.value, kind.value) for kind in Domain.Kind]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class CertificateOfDomain(admin.SimpleListFilter):
    title = "certificate"
    parameter_name = "tls"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return Domain.Tls.choices

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(tls=self.value()) if self.value() else queryset
