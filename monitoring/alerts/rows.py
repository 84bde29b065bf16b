"""The alerts, rules and windows an account may see, and what lists are narrowed down to."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet
from django_filters import CharFilter, ChoiceFilter, FilterSet, MultipleChoiceFilter, NumberFilter

from audit.searching import MAX_SEARCH, containing
from monitoring.alerts.kinds import Kind, Severity
from monitoring.alerts.models import Alert, Maintenance, Rule
from sites.answers import MAX_KEY
from sites.filters import Rows, on_host
from sites.rights import Viewer


def alert_rows(user: Viewer) -> QuerySet[Alert]:
    """For ``alert_out``: without what only the page of one shows."""
    return Alert.objects.visible_to(user).defer("cause", "log")


def rule_rows() -> QuerySet[Rule]:
    """For ``rule_out``."""
    return Rule.objects.select_related("host", "site", "tag")


def maintenance_rows(user: Viewer) -> QuerySet[Maintenance]:
    """For ``maintenance_out``."""
    return Maintenance.objects.visible_to(user).select_related("host", "site__host", "tag")


WORDS: Final = ("subject_name", "rule_name", "host_name", "site_name", "message")


class AlertFilter(FilterSet):  # type: ignore[misc]
    state = MultipleChoiceFilter(
        choices=Alert.State.choices, distinct=False, help_text="may be repeated"
    )
    severity = MultipleChoiceFilter(
        choices=Severity.choices, distinct=False, help_text="may be repeated"
    )
    kind = ChoiceFilter(choices=Kind.choices)
    host = CharFilter(max_length=MAX_SEARCH, method=on_host, help_text="key or name of the host")
    site = NumberFilter(
        field_name="site_id", min_value=0, max_value=MAX_KEY, help_text="key of the site"
    )
    search = CharFilter(
        max_length=MAX_SEARCH, method="with_words", help_text="words in name, rule, host or site"
    )

    def with_words(self, rows: Rows, name: str, value: str) -> Rows:
        return containing(rows, value, *WORDS)
