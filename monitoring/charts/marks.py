"""What was while something was measured: releases, operations, alerts, as far as one sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.urls import reverse

from monitoring.alerts.here import about
from monitoring.alerts.models import Alert
from monitoring.alerts.rows import alert_rows
from provisioning.models import Operation, Release
from provisioning.operations import VERBS
from sites.models import Container, Host, Site
from sites.rights import Viewer

MOST: Final = 50
# Looking changes nothing, nor does what only touches rows of ours.
_CHANGES: Final = [kind for kind, verb in VERBS.items() if not (verb.reads_only or verb.inline)]
Row = Container | Site | Host | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Of a release without an operation to show beside it both are None."""

    at: datetime
    label: str
    url: str
    by: str = ""
    operation: Operation | None = None
    alert: Alert | None = None

    @property
    def state(self) -> str:
        if self.alert is not None:
            return "alert"
        return self.operation.status if self.operation is not None else "release"


def marks(user: Viewer, row: Row, *, begin: datetime, end: datetime) -> list[Mark]:
    """The latest of them, newest first; of None, whatever the account sees."""
    releases = _releases(user, row, begin, end)
    done_by = {release.operation_id for release in releases}
    found = [_of_release(each) for each in releases]
    found += [
        _of_operation(each)
        for each in _operations(user, row)
        if begin <= each.created_at <= end and each.pk not in done_by
    ]
    found += [_of_alert(each) for each in _alerts(user, row, begin, end)]
    return sorted(found, key=lambda mark: mark.at, reverse=True)[:MOST]


def _operations(user: Viewer, row: Row) -> list[Operation]:
    """By their numbers, which are given in the order of time: no index of times is needed."""
    rows = Operation.objects.visible_to(user).filter(_about(row), kind__in=_CHANGES)
    return list(rows.defer("journal", "result", "params").order_by("-pk")[:MOST])


def _about(row: Row) -> Q:
    """Of a container also what is done to its site, of a host what is done on it."""
    if isinstance(row, Host):
        return Q(host=row)
    if isinstance(row, Site):
        return Q(site=row)
    if isinstance(row, Container):
        own = Q(target_type="container", target_id=row.pk)
        return own | Q(target_type="site", target_id=row.site_id) if row.site_id else own
    return Q()


def _releases(user: Viewer, row: Row, begin: datetime, end: datetime) -> list[Release]:
    """Of the one site that this is or belongs to; who sees it sees its releases."""
    site = row.pk if isinstance(row, Site) else row.site_id if isinstance(row, Container) else None
    if site is None:
        return []
    seen = Site.objects.visible_to(user).filter(pk=site)
    rows = Release.objects.filter(site__in=seen, current_since__range=(begin, end))
    heavy = ("encrypted", "compose", "files", "images", "serving")
    return list(rows.defer(*heavy).order_by("-current_since")[:MOST])


def _alerts(user: Viewer, row: Row, begin: datetime, end: datetime) -> list[Alert]:
    """When they began to fire."""
    rows = alert_rows(user).filter(about(row), firing_at__range=(begin, end))
    return list(rows.order_by("-firing_at")[:MOST])


def _of_alert(row: Alert) -> Mark:
    at: Any = row.firing_at
    url = reverse("admin:monitoring_alert_change", args=[row.pk])
    return Mark(at, f"Alert: {row}", url, alert=row)


def _of_release(row: Release) -> Mark:
    url = reverse("admin:sites_site_release", args=[row.site_id, row.number])
    at: Any = row.current_since
    return Mark(at, f"Release {row.number}", url, row.created_by)


def _of_operation(row: Operation) -> Mark:
    url = reverse("admin:provisioning_operation_change", args=[row.pk])
    return Mark(row.started_at or row.created_at, row.label, url, row.actor_name, row)
