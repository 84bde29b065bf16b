"""The certificates an account may see, with all that is told of them, in one query."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django_filters import CharFilter, FilterSet, MultipleChoiceFilter, NumberFilter

from audit.searching import MAX_SEARCH, containing
from provisioning.certificates.judging import State
from provisioning.certificates.models import Certificate
from sites.answers import MAX_KEY
from sites.filters import Rows, on_host
from sites.rights import Viewer

MAX_DAYS = 36_500


def certificate_rows(user: Viewer, *, now: datetime | None = None) -> Any:
    """For ``certificate_out``, judged by the same clock."""
    rows: Any = Certificate.objects.visible_to(user)
    heavy = ("facts", "services", "host_key", "offered_key", "preflight")
    rows = rows.live(now=now).select_related("host", "site", "certificate_check")
    return rows.defer("site__config_files", *(f"host__{name}" for name in heavy))


class CertificateFilter(FilterSet):  # type: ignore[misc]
    host = CharFilter(max_length=MAX_SEARCH, method=on_host, help_text="key or name of the host")
    site = NumberFilter(
        field_name="site_id", min_value=0, max_value=MAX_KEY, help_text="key of the site"
    )
    state = MultipleChoiceFilter(
        field_name="live_state", choices=State.choices, distinct=False, help_text="may be repeated"
    )
    before = NumberFilter(
        method="ending_before", min_value=0, max_value=MAX_DAYS,
        help_text="those that end within so many days, or have ended",
    )  # fmt: skip
    search = CharFilter(
        max_length=MAX_SEARCH, method="with_words", help_text="words in name or site"
    )

    def ending_before(self, rows: Rows, name: str, value: Any) -> Rows:
        found: Rows = rows.ending_within(timedelta(days=float(value)))  # type: ignore[attr-defined]
        return found

    def with_words(self, rows: Rows, name: str, value: str) -> Rows:
        return containing(rows, value, "name", "site__name")
