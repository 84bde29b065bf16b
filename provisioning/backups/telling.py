"""What is told of the backups of a site, in words and in the one JSON shape everybody gets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from ninja import Schema

from provisioning.backups.judging import Facts, State, stale_after, state_of
from provisioning.backups.models import SiteBackup
from provisioning.backups.reasons import reason


class BackupFileOut(Schema):
    """``bytes`` is null for a folder with too many files to be counted."""

    name: str
    at: datetime
    bytes: int | None
    folder: bool


class UnfinishedOut(Schema):
    """An entry that may still be written, and since when it looks as it does."""

    name: str
    bytes: int | None
    since: datetime


class SiteBackupOut(Schema):
    """``state``: fresh, stale, shrunken, missing or unknown.

    All else is what was last seen, at ``observed_at``; ``unknown_since`` tells when that was, while
    it is unknown. ``age_s`` counts from ``newest.at`` and is never negative. ``usual_bytes`` is the
    median of the earlier ones. ``nas_error`` says why the NAS could not be read.
    """

    site: int
    site_name: str
    host: int
    host_name: str
    nas: int
    nas_name: str
    nas_connected: bool | None
    nas_error: str
    state: str
    unknown_since: datetime | None
    observed_at: datetime | None
    source: str
    newest: BackupFileOut | None
    age_s: int | None
    count: int
    usual_bytes: int | None
    kept: list[BackupFileOut]
    unfinished: list[UnfinishedOut]
    problems: list[str]


def facts_of(row: SiteBackup) -> Facts:
    source = row.source
    return Facts(
        nas_well=not source.error_code and source.read_at is not None,
        readable=not row.error,
        known_until=row.known_until,
        count=row.count,
        newest_at=row.newest_at,
        shrunken=row.shrunken,
    )


def backup_out(row: SiteBackup, *, now: datetime | None = None) -> dict[str, Any]:
    """With ``site__host`` and ``source__nas`` selected."""
    now = now or timezone.now()
    state, source = state_of(facts_of(row), now=now), row.source
    kept = [_file(one) for one in row.kept]
    return {
        "site": row.site_id,
        "site_name": row.site.name,
        "host": row.site.host_id,
        "host_name": row.site.host.name,
        "nas": source.nas_id,
        "nas_name": source.nas.name,
        "nas_connected": source.connected(now=now),
        "nas_error": reason(source),
        "state": state.value,
        "unknown_since": (row.read_at or row.site.found_at) if state == State.UNKNOWN else None,
        "observed_at": row.read_at,
        "source": "sftp",
        "newest": kept[0] if kept else None,
        "age_s": _age_s(row.newest_at, now),
        "count": row.count,
        "usual_bytes": row.usual_bytes,
        "kept": kept,
        "unfinished": [
            {"name": one["name"], "bytes": one["size"], "since": _moment(one["since"])}
            for one in row.unfinished
        ],
        "problems": list(problems(row, state, now=now)),
    }


def problems(row: SiteBackup, state: State, *, now: datetime) -> Iterator[str]:
    """Short sentences, what matters most first. None: all is well."""
    if state == State.UNKNOWN:
        yield _why_unknown(row, now)
    elif state == State.MISSING:
        yield "only unfinished ones are there" if row.unfinished else "there is none on the NAS"
    elif row.newest_at is not None and row.newest_at < now - stale_after():
        yield f"the newest one is older than {stale_after() / timedelta(hours=1):.0f} hours"
    if row.shrunken and row.newest_bytes is not None:
        yield _how_small(row.newest_bytes, row.usual_bytes)
    if row.ahead:
        yield (
            "the NAS dates the newest one in the future, so its age counts from when it was first "
            "seen; compare the clocks"
        )
    if row.unfinished and state not in (State.MISSING, State.UNKNOWN):
        yield f"{row.unfinished[0]['name']} does not count yet: it may still be written"


def _why_unknown(row: SiteBackup, now: datetime) -> str:
    source = row.source
    if source.error_code:
        return f"the NAS {source.nas.name} cannot be read: {reason(source)}"
    if row.error:
        return f"its folder on the NAS cannot be read: {row.error}"
    if row.read_at is None:
        return "not looked at yet"
    return "nobody has looked at it for too long: check that SiteFlow’s monitor is running"


def _how_small(size: int, usual: int | None) -> str:
    if size == 0:
        return "the newest one is empty"
    percent = size * 100 // usual if usual else 0
    return f"the newest one has {percent} % of the usual size"


def _age_s(at: datetime | None, now: datetime) -> int | None:
    return max(0, round((now - at).total_seconds())) if at else None


def _file(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": one["name"],
        "at": _moment(one["at"]),
        "bytes": one["size"],
        "folder": one["folder"],
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
