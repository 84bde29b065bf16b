"""The alerts about a thing and what is on it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from django.db.models import Q

from monitoring.alerts.models import Alert
from monitoring.alerts.rows import alert_rows
from sites.models import Container, Host, Site
from sites.rights import Viewer

MOST: Final = 5  # on the page of a thing; the list of alerts has the others


def about(row: Container | Site | Host | None) -> Q:
    """Of a host and a site also what is on them; of None, everything."""
    if isinstance(row, Container):
        return Q(subject=f"container:{row.pk}")
    if isinstance(row, Site):
        return Q(site=row)
    return Q(host=row) if row is not None else Q()


def open_on(user: Viewer, row: Container | Site | Host) -> dict[str, object]:
    """For the page of a thing: the worst first, as far as the account may see them."""
    rows = (
        alert_rows(user).filter(about(row), state__in=Alert.OPEN).order_by("state", "rank", "-pk")
    )
    found = list(rows[: MOST + 1])
    return {"alerts": found[:MOST], "all_alerts": _query(row) if len(found) > MOST else ""}


def _query(row: Container | Site | Host) -> str:
    """By which the list of alerts has the same."""
    if isinstance(row, Site):
        return urlencode({"site": row.pk})
    return urlencode({"host": row.name} if isinstance(row, Host) else {"q": row.name})
