"""Pages of channels and of what was told through them: for who manages channels, nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.siteflow import permission_table as table
from tests.siteflow.matrix.rows import CHANNELS, ONE_CHANNEL, ONE_DELIVERY, Page, Row, page

_CHANNEL: Final = "admin/monitoring/channel/"
_DELIVERY: Final = "admin/monitoring/delivery/"
_FORM: Final = {**table.NEW_CHANNEL, "min_severity": "info", "scope": "everything"}


def _looks(row: Row) -> Page:
    return Page(page(row), page(row))


def _changes(row: Row, body: object = None) -> Page:
    """A page with a form that a POST sends."""
    return Page(page(row), page(row, status=302, body=body, changes=True))


def _acts(row: Row) -> Page:
    """Only a button: looking at its address leads back."""
    return Page(page(row, status=302), page(row, status=302, changes=True))


def _of_django(root: str, row: Row) -> dict[str, Page]:
    """What Django makes for each model, as far as it is closed or leads on."""
    closed = replace(row, status=403, needs="nobody")
    seen = Row(200, sees="channels", kind=row.kind, hidden=302)
    return {
        root: _looks(replace(CHANNELS, place="somewhere")),
        f"{root}add/": _looks(replace(closed, kind="")),
        f"{root}<path:object_id>/": _looks(Row(302, kind=row.kind, hidden=302)),
        f"{root}<path:object_id>/change/": _looks(row),
        f"{root}<path:object_id>/delete/": _looks(closed),
        f"{root}<path:object_id>/history/": _looks(seen),
    }


NOTIFY_PAGES: Final = {
    **_of_django(_CHANNEL, ONE_CHANNEL),
    f"{_CHANNEL}add/": _changes(CHANNELS, _FORM),
    f"{_CHANNEL}<int:key>/edit/": _changes(ONE_CHANNEL, _FORM),
    f"{_CHANNEL}<int:key>/remove/": _changes(ONE_CHANNEL),
    f"{_CHANNEL}<int:key>/test/": _acts(ONE_CHANNEL),
    **_of_django(_DELIVERY, ONE_DELIVERY),
    f"{_DELIVERY}<int:key>/try-again/": _acts(ONE_DELIVERY),
}
