"""Pages of channels and of what was told through them: for who manages channels, nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.siteflow import permission_table as table
from tests.siteflow.matrix.page_kinds import both, changes
from tests.siteflow.matrix.rows import CHANNELS, ONE_CHANNEL, ONE_DELIVERY, Page, Row, page

_CHANNEL: Final = "admin/monitoring/channel/"
_DELIVERY: Final = "admin/monitoring/delivery/"
_FORM: Final = {**table.NEW_CHANNEL, "min_severity": "info", "scope": "everything"}


def _acts(row: Row) -> Page:
    """Only a button: looking at its address leads back."""
    return Page(page(row, status=302), page(row, status=302, changes=True))


def _of_django(root: str, row: Row) -> dict[str, Page]:
    """What Django makes for each model, as far as it is closed or leads on."""
    closed = replace(row, status=403, needs="nobody")
    seen = Row(200, sees="channels", kind=row.kind, hidden=302)
    return {
        root: both(replace(CHANNELS, place="somewhere")),
        f"{root}add/": both(replace(closed, kind="")),
        f"{root}<path:object_id>/": both(Row(302, kind=row.kind, hidden=302)),
        f"{root}<path:object_id>/change/": both(row),
        f"{root}<path:object_id>/delete/": both(closed),
        f"{root}<path:object_id>/history/": both(seen),
    }


NOTIFY_PAGES: Final = {
    **_of_django(_CHANNEL, ONE_CHANNEL),
    f"{_CHANNEL}add/": changes(CHANNELS, _FORM),
    f"{_CHANNEL}<int:key>/edit/": changes(ONE_CHANNEL, _FORM),
    f"{_CHANNEL}<int:key>/remove/": changes(ONE_CHANNEL),
    f"{_CHANNEL}<int:key>/test/": _acts(ONE_CHANNEL),
    **_of_django(_DELIVERY, ONE_DELIVERY),
    f"{_DELIVERY}<int:key>/try-again/": _acts(ONE_DELIVERY),
}
