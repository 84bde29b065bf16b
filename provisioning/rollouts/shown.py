"""The JSON shapes of plans and rollouts, for API and command."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema

from provisioning.rollouts.models import Rollout, RolloutSite
from provisioning.rollouts.planning import Line, Plan


class PlanLine(Schema):
    """``wave`` 0: left out, and ``reason`` says why."""

    site: int
    site_name: str
    host_name: str
    from_version: int | None
    wave: int
    reason: str


class RolloutPlanOut(Schema):
    template: str
    version: int
    wave_size: int
    sites: list[PlanLine]
    left_out: list[PlanLine]


class RolloutOut(Schema):
    """``status`` is SiteFlow's own record, begun or ended at ``observed_at``. ``sites`` counts
    those that you see, by their status."""

    id: int
    template: str
    version: int
    wave_size: int
    status: str
    observed_at: datetime
    source: str
    message: str
    begun_by: str
    actor: str
    batch: str
    created_at: datetime
    ended_at: datetime | None
    sites: dict[str, int]


class RolloutSiteOut(Schema):
    """``release`` is the one that was prepared; ``message`` why it failed or was skipped."""

    site: int
    site_name: str
    host_name: str
    wave: int
    from_version: int | None
    release: int
    status: str
    message: str
    operation: int | None


class RolloutDetail(RolloutOut):
    """``lines``: the sites that you see, wave by wave."""

    lines: list[RolloutSiteOut]


def plan_out(made: Plan) -> dict[str, Any]:
    return {
        "template": made.template,
        "version": made.version,
        "wave_size": made.wave_size,
        "sites": [_line(line) for line in made.sites],
        "left_out": [_line(line) for line in made.left_out],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "site": line.site.pk,
        "site_name": line.site.name,
        "host_name": line.site.host.name,
        "from_version": line.site.template_version,
        "wave": line.wave,
        "reason": line.reason,
    }


def rollout_out(row: Rollout) -> dict[str, Any]:
    """Of rows from ``visible_to``: what else there is of it, its reader may not see."""
    statuses = [one.status for one in row.seen]
    return {
        "id": row.pk,
        "template": row.template,
        "version": row.version,
        "wave_size": row.wave_size,
        "status": row.status,
        "observed_at": row.status_since,
        "source": "record",
        "message": row.message,
        "begun_by": row.begun_by,
        "actor": row.actor_name,
        "batch": row.batch,
        "created_at": row.created_at,
        "ended_at": row.ended_at,
        "sites": {status: statuses.count(status) for status in RolloutSite.Status.values},
    }


def rollout_detail(row: Rollout) -> dict[str, Any]:
    return {**rollout_out(row), "lines": [_site(one) for one in row.seen]}


def _site(one: RolloutSite) -> dict[str, Any]:
    return {
        "site": one.site_id,
        "site_name": one.site.name,
        "host_name": one.site.host.name,
        "wave": one.wave,
        "from_version": one.from_version,
        "release": one.number,
        "status": one.status,
        "message": one.message,
        "operation": one.operation_id,
    }
