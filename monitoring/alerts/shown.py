"""The JSON shapes of alerts, rules and maintenance windows, for API, socket and command."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from ninja import Field, Schema

from monitoring.alerts.kinds import SOURCES, Kind, Type
from monitoring.alerts.models import Alert, AlertEvent, Maintenance, Rule
from sites.rights import Viewer, reach


class AlertOut(Schema):
    """``state``: pending, firing or resolved. ``subject_type``: host, disk, site, domain, container
    or operation; ``subject_id`` is that thing's (of a disk, its host's).

    ``unseen_since`` tells since when nobody can see whether it is still so, and
    ``unseen_because`` why. ``told_at``: when a notice was first sent on its way.
    """

    id: int
    rule: int | None
    rule_name: str
    kind: str
    severity: str
    state: str
    subject: str
    subject_type: str
    subject_id: int | None
    subject_name: str
    host: int | None
    host_name: str
    site: int | None
    site_name: str
    message: str
    value: float | None
    source: str
    pending_at: datetime
    firing_at: datetime | None
    resolved_at: datetime | None
    seen_at: datetime
    unseen_since: datetime | None
    unseen_because: str
    flaps: int
    told_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    note: str
    muted_until: datetime | None
    muted_by: str
    maintenance_until: datetime | None
    version: int


class AlertEventOut(Schema):
    at: datetime
    what: str
    text: str
    by: str


class CauseOut(Schema):
    """What there was when it began to fire: the containers that used most, the site's current
    release, the last operation, the container's last lines."""

    containers: list[dict[str, Any]]
    release: dict[str, Any] | None
    operation: dict[str, Any] | None
    log: list[str] | None


class AlertDetail(AlertOut):
    cause: CauseOut
    events: list[AlertEventOut]


_COLUMNS: Final = (
    "rule_name", "kind", "severity", "state", "subject", "subject_type", "subject_id",
    "subject_name", "host_name", "site_name", "message", "value", "pending_at", "firing_at",
    "resolved_at", "seen_at", "unseen_since", "unseen_because", "flaps", "told_at",
    "acknowledged_at", "acknowledged_by", "note", "muted_until", "muted_by", "maintenance_until",
    "version",
)  # fmt: skip


def alert_out(row: Alert) -> dict[str, Any]:
    return {
        "id": row.pk,
        "rule": row.rule_id,
        "host": row.host_id,
        "site": row.site_id,
        "source": SOURCES[row.kind],
        **{name: getattr(row, name) for name in _COLUMNS},
    }


def alert_detail(row: Alert, user: Viewer) -> dict[str, Any]:
    """With the cause, of which everybody is told what they may see."""
    events = [event_out(one) for one in row.events.all()]
    return {**alert_out(row), "cause": cause_out(row, user), "events": events}


def event_out(row: AlertEvent) -> dict[str, Any]:
    return {"at": row.at, "what": row.what, "text": row.text, "by": row.by}


def cause_out(row: Alert, user: Viewer) -> dict[str, Any]:
    """Of it what this account may see. Who sees an alert about a container sees its log."""
    containers = reach(user, "sites.view_container").covers(*row.place)
    operations = reach(user, "provisioning.view_operation").covers(*row.place)
    return {
        "containers": row.cause.get("containers", []) if containers else [],
        "release": row.cause.get("release"),
        "operation": row.cause.get("operation") if operations else None,
        "log": row.log,
    }


class RuleOut(Schema):
    """Without a host, a site and a tag it is for everything. ``shipped`` is the name of one of
    SiteFlow's own, which can be restored; empty: somebody made it. ``of``, ``metric``,
    ``direction`` and the thresholds are a threshold's."""

    id: int
    name: str
    shipped: str
    kind: str
    severity: str
    enabled: bool
    for_s: int = Field(description="seconds it has to be so before it is told")
    clear_for_s: int = Field(description="seconds it has to be well before it is over")
    of: str
    metric: str
    direction: str
    threshold: float | None
    clear_threshold: float | None
    host: int | None
    site: int | None
    tag: str | None
    scope: str
    changed_at: datetime
    changed_by: str


_OF_RULE: Final = (
    "name", "shipped", "kind", "severity", "enabled", "for_s", "clear_for_s", "of", "metric",
    "direction", "threshold", "clear_threshold", "scope", "changed_at", "changed_by",
)  # fmt: skip


def rule_out(row: Rule) -> dict[str, Any]:
    """One with ``host``, ``site`` and ``tag`` selected."""
    return {
        "id": row.pk,
        "host": row.host_id,
        "site": row.site_id,
        "tag": row.tag.name if row.tag else None,
        **{name: getattr(row, name) for name in _OF_RULE},
    }


class MaintenanceOut(Schema):
    """``state``: planned, open or over."""

    id: int
    host: int | None
    site: int | None
    tag: str | None
    scope: str
    begins_at: datetime
    ends_at: datetime
    why: str
    created_by: str
    created_at: datetime
    state: str


def maintenance_out(row: Maintenance, *, now: datetime) -> dict[str, Any]:
    state = "planned" if row.begins_at > now else "open" if row.ends_at > now else "over"
    return {
        "id": row.pk,
        "host": row.host_id,
        "site": row.site_id,
        "tag": row.tag.name if row.tag else None,
        "scope": row.scope,
        "begins_at": row.begins_at,
        "ends_at": row.ends_at,
        "why": row.why,
        "created_by": row.created_by,
        "created_at": row.created_at,
        "state": state,
    }


def kind_words(kind: str) -> str:
    return Kind(kind).label


def is_about_host(row: Alert) -> bool:
    return row.subject_type in (Type.HOST, Type.DISK)
