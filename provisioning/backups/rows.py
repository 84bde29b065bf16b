"""The backups an account may see, with all that is told of them, in one query."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django_filters import CharFilter, FilterSet, MultipleChoiceFilter, NumberFilter

from audit.searching import MAX_SEARCH, containing
from provisioning.backups.judging import State
from provisioning.backups.models import SiteBackup
from sites.answers import MAX_KEY
from sites.filters import Rows
from sites.rights import Viewer


def backup_rows(user: Viewer, *, now: datetime | None = None) -> Any:
    """For ``backup_out``."""
    rows: Any = SiteBackup.objects.visible_to(user).live(now=now)
    rows = rows.select_related("site__host", "source__nas")
    heavy = ("facts", "services", "host_key", "offered_key", "preflight")
    paths = [f"{host}__{name}" for host in ("site__host", "source__nas") for name in heavy]
    return rows.defer("site__config_files", *paths)


class BackupFilter(FilterSet):  # type: ignore[misc]
    host = CharFilter(max_length=MAX_SEARCH, method="on_host", help_text="key or name of the host")
    nas = CharFilter(max_length=MAX_SEARCH, method="on_nas", help_text="key or name of the NAS")
    site = NumberFilter(
        field_name="site_id", min_value=0, max_value=MAX_KEY, help_text="key of the site"
    )
    state = MultipleChoiceFilter(
        field_name="live_state", choices=State.choices, distinct=False, help_text="may be repeated"
    )
    search = CharFilter(
        max_length=MAX_SEARCH, method="with_words", help_text="words in the site’s name"
    )

    def on_host(self, rows: Rows, name: str, value: str) -> Rows:
        return rows.filter(_named("site__host", value))

    def on_nas(self, rows: Rows, name: str, value: str) -> Rows:
        return rows.filter(_named("source__nas", value))

    def with_words(self, rows: Rows, name: str, value: str) -> Rows:
        return containing(rows, value, "site__name")


def _named(host: str, value: str) -> Q:
    is_key = value.isascii() and value.isdecimal() and int(value) <= MAX_KEY
    named = Q(**{f"{host}__name": value})
    return named | Q(**{f"{host}_id": int(value)}) if is_key else named
