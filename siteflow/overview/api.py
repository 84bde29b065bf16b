"""GET /api/overview: what the first page tells."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from siteflow.overview.shown import overview_of
from siteflow.overview.telling import overview_out
from sites.answers import json_answer, need

router = Router(tags=["overview"])


class ActOut(Schema):
    """A verb for `POST /api/operations`; alert.acknowledge: `POST /api/alerts/{id}/acknowledge`."""

    kind: str
    label: str


class NeedOut(Schema):
    """``kind``: alert, host, site, container, certificate, backup (its ``id`` is the site's) or
    siteflow. ``title`` and ``says`` are a sentence that is true since ``observed_at``, as
    ``source`` knows; ``act``, if it is not null, is what the account may do about it at once."""

    kind: str
    id: int | None
    state: str
    title: str
    says: str
    detail: str
    observed_at: datetime | None
    source: str
    path: str
    action: str
    act: ActOut | None


class UsedOut(Schema):
    name: str
    percent: float
    mount: str


class MachineOut(Schema):
    """``used`` is empty and ``load1`` null while nothing was measured lately; ``measured_at``
    is when it was, ``observed_at`` when the host was last read."""

    id: int
    name: str
    state: str
    observed_at: datetime | None
    source: str
    load1: float | None
    used: list[UsedOut]
    measured_at: datetime | None


class DoneOut(Schema):
    """An operation under way, or one that failed lately."""

    id: int
    kind: str
    target_name: str
    host_name: str
    status: str
    percent: int
    message: str
    actor_name: str
    observed_at: datetime
    source: str


class EndingOut(Schema):
    domain: str
    site_name: str
    host_name: str
    state: str
    days_remaining: float
    observed_at: datetime | None
    source: str


class LastChangeOut(Schema):
    """The end of something that was done, as the audit has it."""

    id: int
    action: str
    target_type: str
    target_name: str
    host_name: str
    actor_name: str
    status: str
    observed_at: datetime
    source: str


class OverviewOut(Schema):
    """``state``: ok, attention (somebody is needed; what is unknown counts as that) or empty.
    ``words`` is the sentence at the top of the page. ``observed_at``: when the host was read that
    was read longest ago, of those that are read at all; ``total`` counts all ``needs``, of which
    the worst are here. ``hosts``, ``sites`` and ``containers`` are numbers by state."""

    state: str
    words: str
    observed_at: datetime | None
    source: str
    total: int
    needs: list[NeedOut]
    hosts: dict[str, int]
    sites: dict[str, int]
    containers: dict[str, int]
    machines: list[MachineOut]
    active: list[DoneOut]
    failed: list[DoneOut]
    certificates: list[EndingOut]
    changes: list[LastChangeOut]


@router.get("", response=OverviewOut)
def overview(request: HttpRequest) -> HttpResponse:
    """Is everything all right, and if not, what first? Of all that the account sees."""
    need(request.user, "sites.view_host")
    now = timezone.now()
    return json_answer(overview_out(overview_of(request.user, now=now), now=now))
