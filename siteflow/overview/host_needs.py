"""Hosts that need somebody, and sites whose host nobody reaches."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db.models import Q

from provisioning.backups.models import BackupSource
from siteflow.overview.need import MOST_OF_A_KIND, Need, Some, act_on, page_of
from sites.attention import HOST_STATES, is_out_of_sight, out_of_sight
from sites.models import Host, Site
from sites.models.container import UNKNOWN
from sites.rights import Viewer, reach
from sites.schemas import host_is_fresh

_NOBODY_LOOKS: Final = "Nobody has looked at it since: check that SiteFlow’s monitor is running."
# State of a host → how bad it is, how a sentence tells it, what to do.
_SAYS: Final[dict[str, tuple[int, str, str]]] = {
    Host.State.KEY_CHANGED: (
        10, "shows another host key", "Nothing is sent to it until the new key is approved.",
    ),
    Host.State.UNREACHABLE: (11, "is unreachable", ""),
    UNKNOWN: (12, "was last looked at", _NOBODY_LOOKS),
    Host.State.NO_DOCKER: (13, "answers, but its Docker does not", ""),
    Host.State.KEY_UNAPPROVED: (
        40, "waits for its key to be approved", "Compare its fingerprint, then approve the key.",
    ),
    Host.State.NEW: (
        41, "was not looked at yet", "Test it: SiteFlow then shows you its host key to approve.",
    ),
}  # fmt: skip
_TO_APPROVE: Final = (Host.State.KEY_UNAPPROVED, Host.State.KEY_CHANGED)
_HEAVY: Final = ("facts", "services", "host_key", "offered_key", "preflight")


def of_hosts(user: Viewer, now: datetime, told: Collection[int] = ()) -> Some:
    """``told``: keys of those that an alert tells of already."""
    rows = Host.objects.visible_to(user).filter(Q(state__in=HOST_STATES) | out_of_sight(now=now))
    nas = BackupSource.objects.values("nas")  # needs no Docker
    rows = rows.exclude(state=Host.State.NO_DOCKER, pk__in=nas)
    found = [_of_host(user, row, now) for row in rows.exclude(pk__in=told).defer(*_HEAVY)]
    found.sort(key=lambda need: need.rank)
    return found[:MOST_OF_A_KIND], len(found)


def _of_host(user: Viewer, row: Host, now: datetime) -> Need:
    lost = is_out_of_sight(row, now=now)
    state = UNKNOWN if lost else row.state
    rank, says, advice = _SAYS[state]
    approve = row.state in _TO_APPROVE
    return Need(
        rank=rank,
        kind="host",
        id=row.pk,
        state=state,
        word="",
        title=row.name,
        says=says,
        detail=advice or row.error or row.advice,
        since=row.inventory_at if lost else row.state_since,
        source="the monitor’s last read" if lost else "the last attempt to reach it",
        path=page_of("host", row.pk) + ("#host-key" if approve else ""),
        action="Compare key" if approve else "Open host",
        act=None if approve or lost else act_on(user, "host.test", "host", row, "Test"),
    )


def of_sites(user: Viewer, now: datetime, told: Collection[int] = ()) -> Some:
    """Whose host one does not see oneself: for all others the host stands here already."""
    hosts = reach(user, "sites.view_host")
    if hosts.everywhere:
        return [], 0
    rows = Site.objects.visible_to(user).exclude(host_id__in=hosts.hosts)
    rows = rows.exclude(pk__in=told).exclude(stage=Site.Stage.DRAFT).select_related("host")
    names = ("host__name", "host__state", "host__state_since", "host__inventory_at", "host_id")
    found = [
        _of_site(row)
        for row in rows.only("name", "stage", *names)
        if not host_is_fresh(row.host, now=now)
    ]
    return found[:MOST_OF_A_KIND], len(found)


def _of_site(row: Site) -> Need:
    return Need(
        rank=12,
        kind="site",
        id=row.pk,
        state=UNKNOWN,
        word="",
        title=row.name,
        says="is unknown",
        detail=f"Its host {row.host.name} is not reached. Ask who looks after it.",
        since=row.host.inventory_at or row.host.state_since,
        source="the last read of its host",
        path=page_of("site", row.pk),
        action="Open site",
    )
