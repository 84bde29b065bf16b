"""The overview as JSON, the same for API and command."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from audit.models import Entry
from provisioning.models import Operation
from siteflow.overview.machines import Machine
from siteflow.overview.need import Need
from siteflow.overview.sentence import text_of
from siteflow.overview.shown import Overview

_OF_NEED: Final = (
    "kind", "id", "state", "title", "says", "detail", "source", "path", "action",
)  # fmt: skip
_OF_CHANGE: Final = (
    "id", "action", "target_type", "target_name", "host_name", "actor_name", "status",
)  # fmt: skip
_OF_DONE: Final = (
    "id", "kind", "target_name", "host_name", "status", "percent", "message", "actor_name",
)  # fmt: skip


def overview_out(told: Overview, *, now: datetime) -> dict[str, Any]:
    """As OverviewOut."""
    figures = told.figures
    return {
        "state": told.state,
        "words": text_of(told.sentence, now=now),
        "observed_at": figures.observed_at,
        "source": "the monitor’s reads of the hosts",
        "total": told.needs.total,
        "needs": [_need(need) for need in told.needs.shown],
        "hosts": figures.hosts,
        "sites": figures.sites,
        "containers": figures.containers,
        "machines": [_machine(machine) for machine in told.machines],
        "active": [_done(row) for row in told.active],
        "failed": [_done(row) for row in told.failed],
        "certificates": [_ending(one) for one in told.certificates],
        "changes": [_change(row) for row in told.changes],
    }


def _need(need: Need) -> dict[str, Any]:
    act = {"kind": need.act.kind, "label": need.act.label} if need.act else None
    own = {name: getattr(need, name) for name in _OF_NEED}
    return {**own, "observed_at": need.since, "act": act}


def _machine(machine: Machine) -> dict[str, Any]:
    row: Any = machine.row
    used = [
        {"name": one.name, "percent": round(one.percent, 1), "mount": one.mount}
        for one in machine.used
    ]
    return {
        "id": row.pk,
        "name": row.name,
        "state": row.told,
        "observed_at": row.inventory_at,
        "source": "the monitor’s last read",
        "load1": machine.load1,
        "used": used,
        "measured_at": machine.measured_at,
    }


def _done(row: Operation) -> dict[str, Any]:
    at = row.finished_at or row.started_at or row.created_at
    own = {name: getattr(row, name) for name in _OF_DONE}
    return {**own, "observed_at": at, "source": "its worker"}


def _ending(one: dict[str, Any]) -> dict[str, Any]:
    names = ("domain", "site_name", "host_name", "state", "days_remaining")
    own = {name: one[name] for name in names}
    return {**own, "observed_at": one["checked_at"], "source": "a look from its host"}


def _change(row: Entry) -> dict[str, Any]:
    own = {name: getattr(row, name) for name in _OF_CHANGE}
    return {**own, "observed_at": row.at, "source": "the audit"}
