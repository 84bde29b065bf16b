"""What is known of backups and of the NAS they lie on, as alerts are judged by it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from monitoring.alerts.picture import BackupSeen, NasSeen
from provisioning.backups.judging import State
from provisioning.backups.models import BackupSource, SiteBackup
from provisioning.backups.reasons import reason
from provisioning.backups.words import size_words

_SLACK: Final = timedelta(hours=1)
_OURS: Final = "internal_error"


def backups(*, now: datetime) -> list[BackupSeen]:
    """One query."""
    rows: Any = SiteBackup.objects.all()
    found = rows.live(now=now).order_by().values(
        "site_id", "live_state", "newest_at", "newest_bytes", "usual_bytes", "error",
        "source__error_code", "source__nas__name",
    )  # fmt: skip
    return [BackupSeen(row["site_id"], row["live_state"], _words(row)) for row in found]


def _words(row: dict[str, Any]) -> str:
    state = row["live_state"]
    if state == State.MISSING:
        return "There is no backup of it on the NAS."
    if state == State.STALE:
        hours = settings.NAS_STALE_THRESHOLD_HOURS
        return f"The newest is of {row['newest_at']:%Y-%m-%d %H:%M} UTC, older than {hours} h."
    if state == State.SHRUNKEN:
        usual = size_words(row["usual_bytes"]) or "nothing to compare with"
        return f"The newest has {size_words(row['newest_bytes'])}; usual is {usual}."
    if row["source__error_code"]:
        return f"the NAS {row['source__nas__name']} cannot be read"
    return row["error"] or "nobody has looked at its backups since"


def nas(*, now: datetime) -> list[NasSeen]:
    """One query."""
    rows = BackupSource.objects.select_related("nas").defer("nas__facts", "nas__services")
    return [
        NasSeen(
            row.pk,
            str(row),
            row.nas_id,
            known=row.tried_at is not None and now - row.tried_at <= _longest(row),
            trouble=reason(row),
            ours=row.error_code == _OURS,
        )
        for row in rows
    ]


def _longest(row: BackupSource) -> timedelta:
    """Two looks missed."""
    return 2 * timedelta(minutes=row.every_minutes) + _SLACK
