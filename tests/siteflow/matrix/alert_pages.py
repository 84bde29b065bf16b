"""Pages of alerts, of the rules that make them and of maintenance windows."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.siteflow import permission_table as table
from tests.siteflow.matrix.page_kinds import both, changes
from tests.siteflow.matrix.rows import LIST, Page, Row, page

_ALERT: Final = "admin/monitoring/alert/"
_RULE: Final = "admin/monitoring/rule/"
_WINDOW: Final = "admin/monitoring/maintenance/"
_NEW_RULE: Final = {"name": "Typed", "kind": "container_down", "severity": "warning", "for_s": "60",
                    "clear_for_s": "60", "scope": "everything"}  # fmt: skip
_TIMES: Final = {"begins_at": "2031-01-01T00:00", "ends_at": "2031-01-02T00:00", "why": "typed"}


def _of_django(root: str, kind: str, row: Row) -> dict[str, Page]:
    """What Django makes for each model, as far as it is closed or leads on."""
    closed = Row(403, needs="nobody", rights_first=True, kind=kind)
    return {
        f"{root}<path:object_id>/": both(Row(302, kind=kind, hidden=302)),
        f"{root}<path:object_id>/delete/": both(closed),
        f"{root}<path:object_id>/history/": both(row),
    }


def _button(kind: str, needs: str, body: object) -> Page:
    """Looking at its address leads back; what is refused is told on the page one is led to."""
    get = page(Row(302, sees="look", kind=kind))
    return Page(get, replace(get, needs=needs, refused=302, body=body, changes=True))


_SEEN: Final = Row(200, sees="look", kind="alert")
_HISTORY: Final = replace(_SEEN, hidden=302)
_ONE_WINDOW: Final = Row(200, sees="look", needs="operate", kind="maintenance")
_RULE_HISTORY: Final = Row(200, sees="rules", kind="rule", hidden=302)
_KEPT: Final = table.ONE_RULE

ALERT_PAGES: Final = {
    "admin/monitoring/": both(replace(LIST, refused=404)),
    _ALERT: both(LIST),
    f"{_ALERT}add/": both(Row(403, needs="nobody", rights_first=True)),
    **_of_django(_ALERT, "alert", _HISTORY),
    f"{_ALERT}<path:object_id>/change/": both(_SEEN),
    f"{_ALERT}<int:key>/acknowledge/": _button("alert", "operate", {"note": "mine"}),
    f"{_ALERT}<int:key>/mute/": _button("alert", "operate", {"for": "1h"}),
    _RULE: both(table.RULES),
    f"{_RULE}add/": changes(table.RULES, _NEW_RULE),
    **_of_django(_RULE, "rule", _RULE_HISTORY),
    f"{_RULE}<path:object_id>/change/": changes(_KEPT, _NEW_RULE),
    f"{_RULE}<int:key>/remove/": changes(_KEPT, None),
    # Somebody made it: there is nothing to restore, which is told on its page.
    f"{_RULE}<int:key>/restore/": both(replace(_KEPT, status=302)),
    _WINDOW: both(LIST),
    f"{_WINDOW}add/": Page(
        page(Row(200, needs="operate", place="somewhere")),
        page(Row(302, needs="operate", kind="site", hidden=422, door="operate", sees="look",
                 changes=True, body={**_TIMES, "scope": "site", "place": "KEY"})),
    ),
    **_of_django(_WINDOW, "maintenance", replace(_HISTORY, kind="maintenance")),
    f"{_WINDOW}<path:object_id>/change/": changes(_ONE_WINDOW, _TIMES),
    f"{_WINDOW}<int:key>/remove/": Page(
        page(replace(_ONE_WINDOW, status=302)), page(_ONE_WINDOW, status=302, changes=True)
    ),
}  # fmt: skip
