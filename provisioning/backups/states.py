"""What others need of backups: the state of each site's in a word, and how each NAS is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from provisioning.backups.judging import State, state_of
from provisioning.backups.models import BackupSource, SiteBackup
from provisioning.backups.reasons import reason
from provisioning.backups.telling import facts_of, problems
from sites.rights import Viewer


@dataclass(frozen=True, slots=True)
class NodeBackupStatus:
    """Of one site. ``state``: fresh, stale, shrunken, missing or unknown; ``why`` in words."""

    site: int
    nas: int  # key of the NAS, a host
    state: str
    why: str
    observed_at: datetime | None
    newest_at: datetime | None
    newest_bytes: int | None
    count: int


@dataclass(frozen=True, slots=True)
class NasStatus:
    """Of one folder on a NAS. ``nas_connected`` None: not known. ``nas_error``: the reason, in
    words that name no folder; ``failing_since`` when the first of the failed looks was."""

    source: int
    nas: int
    nas_name: str
    nas_connected: bool | None
    nas_error: str
    failing_since: datetime | None
    read_at: datetime | None


def judged(
    user: Viewer | None = None,
    *,
    sites: Collection[int] | None = None,
    now: datetime | None = None,
) -> dict[int, NodeBackupStatus]:
    """By key of the site; sites whose backups nobody placed on a NAS are not in. Without an
    account, of all sites."""
    now = now or timezone.now()
    rows = SiteBackup.objects.all() if user is None else SiteBackup.objects.visible_to(user)
    if sites is not None:
        rows = rows.filter(pk__in=sites)
    return {row.pk: _judged(row, now) for row in rows.select_related("source__nas")}


def _judged(row: SiteBackup, now: datetime) -> NodeBackupStatus:
    state: State = state_of(facts_of(row), now=now)
    why = next(iter(problems(row, state, now=now)), "")
    return NodeBackupStatus(
        row.pk, row.source.nas_id, state.value, why, row.read_at, row.newest_at, row.newest_bytes,
        row.count,
    )  # fmt: skip


def nas_states(user: Viewer | None = None, *, now: datetime | None = None) -> list[NasStatus]:
    """Each folder of each NAS that the account sees as a host; without an account, all."""
    now = now or timezone.now()
    rows = BackupSource.objects.all() if user is None else BackupSource.objects.visible_to(user)
    return [
        NasStatus(row.pk, row.nas_id, row.nas.name, row.connected(now=now), reason(row),
                  row.failing_since, row.read_at)
        for row in rows.select_related("nas").order_by("nas__name", "root")
    ]  # fmt: skip


def nas_of_sites(user: Viewer, *, now: datetime) -> tuple[bool | None, str]:
    """Whether all NAS behind the sites that the account sees could be read, and why one could not.

    None: that is not known of one, or there is none.
    """
    sites = SiteBackup.objects.visible_to(user)
    rows = BackupSource.objects.filter(backups__in=sites).select_related("nas").distinct()
    found = [(row, row.connected(now=now)) for row in rows.order_by("nas__name", "root")]
    for row, connected in found:
        if connected is False:
            return False, f"{row.nas.name}: {reason(row)}"
    known = found and all(connected for _, connected in found)
    return (True if known else None), ""
