"""Backups that are missing, old or small, and those that nobody can see."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.urls import reverse

from provisioning.backups.judging import WRONG, State
from provisioning.backups.rows import backup_rows
from provisioning.backups.telling import backup_out
from siteflow.overview.need import MOST_OF_A_KIND, Need, Some
from sites.rights import Viewer

_SAYS: Final = {
    State.MISSING: (32, "failed", "has no backup"),
    State.STALE: (33, "failed", "has no new backup"),
    State.SHRUNKEN: (34, "warning", "has a backup that is much smaller than usual"),
}
_READ: Final = "its folder on the NAS"


def of_backups(user: Viewer, now: datetime) -> Some:
    """What is unknown is one need: it is the NAS, or the way to it, that keeps us from looking."""
    rows = backup_rows(user, now=now).exclude(live_state=State.FRESH).order_by("rank", "since")
    told = [backup_out(row, now=now) for row in rows]
    wrong = [one for one in told if one["state"] in WRONG]
    found = [_of_one(one) for one in wrong]
    unknown = [one for one in told if one["state"] == State.UNKNOWN]
    found += [_unknown(unknown)] if unknown else []
    return [*found[: MOST_OF_A_KIND - 1], *found[MOST_OF_A_KIND - 1 :][-1:]], len(found)


def _of_one(one: dict[str, Any]) -> Need:
    rank, looks, says = _SAYS[State(one["state"])]
    return Need(
        rank=rank,
        kind="backup",
        id=one["site"],
        state=looks,
        word=State(one["state"]).label,
        title=one["site_name"],
        says=says,
        detail=_first(one["problems"]),
        since=one["observed_at"],
        source=_READ,
        path=reverse("admin:provisioning_sitebackup_change", args=[one["site"]]),
        action="Open backups",
    )


def _unknown(several: list[dict[str, Any]]) -> Need:
    first = min(several, key=lambda one: one["unknown_since"])
    one = len(several) == 1
    root = reverse("admin:provisioning_sitebackup_changelist")
    return Need(
        rank=46,
        kind="backup",
        id=first["site"] if one else None,
        state="unknown",
        word="",
        title=f"The backup of {first['site_name']}" if one else f"Backups of {len(several)} sites",
        says="is unknown" if one else "are unknown",
        detail=_first(first["problems"]),
        since=first["unknown_since"],
        source=_READ,
        path=f"{root}?state=unknown",
        action="Open backups",
    )


def _first(problems: list[str]) -> str:
    return f"{problems[0][:1].upper()}{problems[0][1:]}." if problems else ""
