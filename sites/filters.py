"""What lists of hosts, sites and containers can be narrowed down to."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Q, QuerySet, When
from django_filters import (
    BooleanFilter,
    CharFilter,
    ChoiceFilter,
    FilterSet,
    MultipleChoiceFilter,
    NumberFilter,
)

from audit.searching import MAX_SEARCH, containing
from sites.answers import MAX_KEY
from sites.models import Container, Domain, Host, Site
from sites.models.container import UNKNOWN

NO_CHECK = "none"
SITE_WORDS = ("name", "project", "host__name", "template", "tenant")
_STATES = [*Container.State.choices, (UNKNOWN, "Unknown")]
_HEALTH = [(word, word) for word in ("healthy", "unhealthy", "starting", NO_CHECK)]
Rows = QuerySet[Any]


def on_host(rows: Rows, name: str, value: str) -> Rows:
    """A host by its key or its name; names may be all digits, so the key is tried as well."""
    wanted = Q(host__name__iexact=value)
    if _is_key(value):
        wanted |= Q(host_id=int(value))
    return rows.filter(wanted)


def host_like(rows: QuerySet[Host], value: str) -> QuerySet[Host]:
    """As ``on_host``, of hosts themselves; a name goes before a key."""
    named = Q(name__iexact=value)
    wanted = named | Q(pk=int(value)) if _is_key(value) else named
    return rows.filter(wanted).order_by(Case(When(named, then=0), default=1))


def _is_key(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 18


class ContainerFilter(FilterSet):  # type: ignore[misc]
    host = CharFilter(max_length=MAX_SEARCH, method=on_host, help_text="key or name of the host")
    state = MultipleChoiceFilter(
        field_name="live_state", choices=_STATES, distinct=False, help_text="may be repeated"
    )
    health = ChoiceFilter(choices=_HEALTH, method="with_health")
    site = NumberFilter(
        field_name="site_id", min_value=0, max_value=MAX_KEY, help_text="key of the site"
    )
    project = CharFilter(field_name="compose_project")
    image = CharFilter(max_length=MAX_SEARCH, field_name="image", lookup_expr="icontains")
    search = CharFilter(
        max_length=MAX_SEARCH,
        method="with_words",
        help_text="words in name, image, project or host",
    )

    def with_health(self, rows: Rows, name: str, value: str) -> Rows:
        return rows.filter(health="" if value == NO_CHECK else value)

    def with_words(self, rows: Rows, name: str, value: str) -> Rows:
        return containing(rows, value, "name", "image", "compose_project", "host__name")


class HostFilter(FilterSet):  # type: ignore[misc]
    state = MultipleChoiceFilter(
        choices=Host.State.choices, distinct=False, help_text="may be repeated"
    )
    search = CharFilter(
        max_length=MAX_SEARCH, method="with_words", help_text="words in name or address"
    )

    def with_words(self, rows: Rows, name: str, value: str) -> Rows:
        return containing(rows, value, "name", "address")


class DomainFilter(FilterSet):  # type: ignore[misc]
    host = CharFilter(max_length=MAX_SEARCH, method=on_host, help_text="key or name of the host")
    site = NumberFilter(
        field_name="site_id", min_value=0, max_value=MAX_KEY, help_text="key of the site"
    )
    kind = ChoiceFilter(choices=Domain.Kind.choices)
    search = CharFilter(
        max_length=MAX_SEARCH, method="with_words", help_text="words in name or site"
    )

    def with_words(self, rows: Rows, name: str, value: str) -> Rows:
        return containing(rows, value, "name", "site__name")


class SiteFilter(FilterSet):  # type: ignore[misc]
    host = CharFilter(max_length=MAX_SEARCH, method=on_host, help_text="key or name of the host")
    project = CharFilter(field_name="project")
    managed = BooleanFilter(field_name="managed")
    stage = ChoiceFilter(choices=Site.Stage.choices)
    template = CharFilter(max_length=60, field_name="template")
    environment = CharFilter(max_length=20, field_name="environment")
    domain = CharFilter(max_length=253, field_name="domains__name", lookup_expr="iexact")
    search = CharFilter(
        max_length=MAX_SEARCH,
        method="with_words",
        help_text="words in name, project, host, template or tenant",
    )

    def with_words(self, rows: Rows, name: str, value: str) -> Rows:
        return containing(rows, value, *SITE_WORDS)
