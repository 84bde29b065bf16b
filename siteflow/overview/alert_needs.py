"""Alerts that fire: they stand first, and for what they are about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.urls import reverse

from monitoring.alerts.kinds import SOURCES, Kind, Severity, Type
from monitoring.alerts.models import ACTED_ON_BY, Alert
from monitoring.alerts.rows import alert_rows
from siteflow.overview.need import MOST_OF_A_KIND, Act, Need
from siteflow.wording import absolute
from sites.rights import Viewer, may_on

_SAYS: Final = {
    Kind.HOST_UNREACHABLE: "is unreachable",
    Kind.DOCKER_DOWN: "answers, but its Docker does not",
    Kind.CONTAINER_DOWN: "is down",
    Kind.CONTAINER_UNHEALTHY: "is unhealthy",
    Kind.CONTAINER_RESTARTING: "restarts again and again",
    Kind.SITE_DOWN: "does not answer",
    Kind.CERTIFICATE: "has a certificate to look at",
    Kind.OPERATION_FAILED: "failed",
    Kind.DISK_FILLING: "is filling up",
}
_LOOKS: Final = {
    Severity.CRITICAL: "failed", Severity.WARNING: "warning", Severity.INFO: "queued",
}  # fmt: skip
_ACKNOWLEDGED, _QUIET = 60, 70  # behind all that nobody has taken up yet
# Our own word for what an alert is about, where we would tell of the same.
_STANDS_FOR: Final = {
    Type.HOST: "host", Type.CONTAINER: "container", Type.DOMAIN: "certificate", Type.SITE: "site",
}  # fmt: skip


@dataclass(frozen=True)
class Alerts:
    """``covered``: by kind, the keys of things that an alert tells of already."""

    shown: list[Need]
    total: int
    covered: dict[str, set[int]] = field(default_factory=dict)


def alerts_of(user: Viewer, now: datetime) -> Alerts:
    firing = alert_rows(user).filter(state=Alert.State.FIRING)
    rows = list(firing.order_by("rank", "-firing_at", "-pk"))
    covered: dict[str, set[int]] = {}
    for row in rows:
        kind = _STANDS_FOR.get(Type(row.subject_type))
        if kind is not None and row.subject_id is not None:
            covered.setdefault(kind, set()).add(row.subject_id)
    found = sorted((_need(user, row, now) for row in rows), key=lambda need: need.rank)
    return Alerts(found[:MOST_OF_A_KIND], len(found), covered)


def _need(user: Viewer, row: Alert, now: datetime) -> Need:
    unseen = row.unseen_since is not None
    return Need(
        rank=_rank(row, now),
        kind="alert",
        id=row.pk,
        state="unknown" if unseen else _LOOKS[Severity(row.severity)],
        word="unknown" if unseen else row.severity,
        title=row.subject_name,
        says=_SAYS.get(Kind(row.kind), "is over its limit"),
        detail=_detail(row, now),
        since=row.unseen_since or row.firing_at,
        source=SOURCES[row.kind],
        path=reverse("admin:monitoring_alert_change", args=[row.pk]),
        action="Open alert",
        act=_acknowledge(user, row),
    )


def _rank(row: Alert, now: datetime) -> int:
    """Alerts come before all else, but for those that somebody has taken up or silenced."""
    if _is_quiet(row, now):
        return _QUIET + row.rank
    return (_ACKNOWLEDGED if row.acknowledged_at else 2) + row.rank


def _is_quiet(row: Alert, now: datetime) -> bool:
    return _muted(row, now) or row.maintenance_until is not None


def _muted(row: Alert, now: datetime) -> bool:
    return row.muted_until is not None and row.muted_until > now


def _detail(row: Alert, now: datetime) -> str:
    marks = []
    if row.unseen_since is not None:
        marks.append(f"Nobody can see whether it is still so: {row.unseen_because}.")
    if row.acknowledged_at is not None:
        marks.append(f"Acknowledged by {row.acknowledged_by}.")
    if row.muted_until is not None and _muted(row, now):
        marks.append(f"Muted until {absolute(row.muted_until)}.")
    if row.maintenance_until is not None:
        marks.append(f"In maintenance until {absolute(row.maintenance_until)}.")
    return " ".join([row.message, *marks]).strip()


def _acknowledge(user: Viewer, row: Alert) -> Act | None:
    may = may_on(user, ACTED_ON_BY[Type(row.subject_type)], row)
    if row.acknowledged_at is not None or not may:
        return None
    path = reverse("admin:monitoring_alert_acknowledge", args=[row.pk])
    return Act("alert.acknowledge", path, "Acknowledge")
