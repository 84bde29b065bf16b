"""Who may look at which terminal: live, or at what was recorded of it."""

from __future__ import annotations

from typing import Final

from tests.siteflow.matrix.rows import Page, Row, page

_ROOT: Final = "admin/terminals/<int:key>/"
_NOT_SENT: Final = page(Row(405, kind="terminal", hidden=405))


def _read(sees: str) -> Page:
    return Page(page(Row(200, sees=sees, kind="terminal")), _NOT_SENT)


TERMINAL_PAGES: Final[dict[str, Page]] = {
    _ROOT: _read("replay"),
    f"{_ROOT}watch/": _read("exec"),
    # That somebody looked at it is on record, and nothing else changes.
    f"{_ROOT}recording/": Page(_NOT_SENT, page(Row(200, sees="replay", kind="terminal"))),
}
