"""The state of a site, from its stage and its containers: one rule for every way in."""

from __future__ import annotations

from typing import Any, Final

from sites.models import Site
from sites.models.container import UNKNOWN

# In the order in which they are told.
SITE_STATES: Final = ("running", "partial", "stopped", "empty", "draft", "provisioning", UNKNOWN)


def state_of_site(stage: str, *, fresh: bool, running: int, total: int) -> str:
    """``fresh``: its host was read a moment ago. Without that nothing is known of what runs."""
    if stage == Site.Stage.DRAFT:
        return "draft"
    if stage == Site.Stage.PROVISIONING:
        return "provisioning"
    if not fresh:
        return UNKNOWN
    if total == 0:
        return "empty"
    return "running" if running == total else "partial" if running else "stopped"


def state_of(row: Any, *, fresh: bool) -> str:
    """Of a row of `sites.rows.site_rows`."""
    return state_of_site(row.stage, fresh=fresh, running=row.running, total=row.total)
