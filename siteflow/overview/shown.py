"""All that the overview shows, read in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from audit.models import Entry
from provisioning.certificates.judging import State
from provisioning.certificates.rows import certificate_rows
from provisioning.certificates.telling import certificate_out
from provisioning.models import Operation
from siteflow.overview.figures import Figures, figures_of
from siteflow.overview.machines import Machine, machines_of
from siteflow.overview.needs import Needs, needs_of
from siteflow.overview.sentence import Part, sentence
from sites.rights import Viewer, may, may_somewhere

_FEW: Final = 6
_NEAR: Final = timedelta(days=30)
_WITHOUT_SUCCESS: Final = (Operation.Status.FAILED, Operation.Status.UNDONE)


@dataclass(frozen=True)
class Overview:
    at: datetime
    figures: Figures
    needs: Needs
    sentence: list[Part]
    machines: list[Machine]
    active: list[Operation]
    failed: list[Operation]
    certificates: list[dict[str, Any]]
    changes: list[Entry]

    @property
    def state(self) -> str:
        """``empty``: nothing to watch; ``attention``: somebody is needed; else ``ok``."""
        if self.figures.is_empty:
            return "empty"
        return "attention" if self.needs.total else "ok"


def overview_of(user: Viewer, *, now: datetime) -> Overview:
    figures, needs = figures_of(user, now=now), needs_of(user, now=now)
    operations = Operation.objects.visible_to(user).defer("journal", "result", "params")
    operations = operations.order_by("-id")
    return Overview(
        at=now,
        figures=figures,
        needs=needs,
        sentence=sentence(needs.shown, needs.total, figures),
        machines=machines_of(user, now=now),
        active=list(operations.active()[:_FEW]),
        failed=list(operations.filter(status__in=_WITHOUT_SUCCESS)[:_FEW]),
        certificates=_ending(user, now),
        changes=_changes(user),
    )


def _ending(user: Viewer, now: datetime) -> list[dict[str, Any]]:
    """The certificates that end first, of those that end within a month or have ended."""
    rows = certificate_rows(user, now=now).ending_within(_NEAR, now=now)
    rows = rows.exclude(live_state=State.NO_ANSWER).order_by("ends", "name")
    return [certificate_out(row, now=now) for row in rows[:_FEW]]


def _changes(user: Viewer) -> list[Entry]:
    """What was done last, and by whom; not who looked or logged in."""
    if not may_somewhere(user, "audit.view_entry"):
        return []
    rows = Entry.objects.visible_to(user).exclude(phase="intent").exclude(target_type="")
    heavy = ("before", "after", "output", "prev_hash", "hash")
    return list(rows.exclude(action__startswith="auth.").defer(*heavy).order_by("-id")[:_FEW])


def page_context(user: Viewer, *, now: datetime) -> dict[str, Any]:
    """All but the charts, which are not read again with each change."""
    return {
        "title": "Overview",
        "told": overview_of(user, now=now),
        "may_manage": may(user, "sites.manage_host"),
        "may_add_site": may_somewhere(user, "sites.manage_site"),
    }
