"""What lists of operations can be narrowed down to."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django_filters import BooleanFilter, CharFilter, FilterSet, MultipleChoiceFilter, NumberFilter

from provisioning.models import Operation
from sites.answers import MAX_KEY
from sites.filters import on_host

Rows = QuerySet[Any]


class OperationFilter(FilterSet):  # type: ignore[misc]
    kind = CharFilter(field_name="kind", help_text="such as container.restart")
    status = MultipleChoiceFilter(
        choices=Operation.Status.choices, distinct=False, help_text="may be repeated"
    )
    active = BooleanFilter(method="that_is_active", help_text="queued or running, or neither")
    target_type = CharFilter(field_name="target_type")
    target_id = NumberFilter(field_name="target_id", min_value=0, max_value=MAX_KEY)
    host = CharFilter(method=on_host, help_text="key or name of the host")
    actor = CharFilter(field_name="actor_name", help_text="name of a user, or os:NAME")
    batch = CharFilter(field_name="batch")

    def that_is_active(self, rows: Rows, name: str, value: bool) -> Rows:
        wanted = Q(status__in=Operation.ACTIVE)
        return rows.filter(wanted if value else ~wanted)
