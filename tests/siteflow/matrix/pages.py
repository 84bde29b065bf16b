"""Who may open which page of the console, and send what to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from provisioning.buttons import HAVE_TABS
from provisioning.operations import VERBS
from tests.siteflow import permission_table as table
from tests.siteflow.matrix.account_pages import ACCOUNT_PAGES
from tests.siteflow.matrix.alert_pages import ALERT_PAGES
from tests.siteflow.matrix.notify_pages import NOTIFY_PAGES
from tests.siteflow.matrix.own_pages import OWN_PAGES
from tests.siteflow.matrix.page_kinds import (
    CLOSED,
    HELD,
    NOT_BY_POST,
    NOTHING,
    OPEN_TO_ROLES,
    both,
    does,
    leads_on,
    lists,
    many,
    of_model,
    of_own,
    open_to_all,
    plans,
)
from tests.siteflow.matrix.rollout_pages import ROLLOUT_PAGES
from tests.siteflow.matrix.rows import Page, Row
from tests.siteflow.matrix.terminal_pages import TERMINAL_PAGES
from tests.siteflow.matrix.thing_pages import THING_PAGES

_WITH_PAGES: Final = {"host", "site", "domain", "container", "quarantine"}

# Verbs with a form of their own elsewhere.
_HAVE_FORMS: Final = {
    "host.add", "host.generate-key", "host.change", "host.add-site", "site.configure",
    "domain.add", "domain.change", "nas.set", "container.create",
}  # fmt: skip


def _of_verbs() -> dict[str, Page]:
    found = {}
    for name, verb in table.VERBS.items():
        kind = VERBS[name].target_type
        if kind not in _WITH_PAGES:
            continue  # no page is about such a thing, or it has forms of its own
        app = "provisioning" if kind == "quarantine" else "sites"
        page = both(Row(404, kind=kind)) if name in _HAVE_FORMS else does(kind, name, verb)
        found[f"admin/{app}/{kind}/<int:key>/do/{name}/"] = page
        if name in HAVE_TABS:  # of one at a time
            several = f"admin/sites/{kind}/bulk/{name}/"
            found[several] = Page(many(verb).get, replace(Row(404, kind=kind), page=True))
        elif kind == "container":
            short = name.partition(".")[2]
            found[f"admin/sites/container/bulk/{name}/"] = many(verb)
            found[f"admin/sites/container/ action={short}"] = plans(short, verb)
    return found


PAGES: Final[dict[str, Page]] = {
    "": open_to_all(Row(302), Row(302)),
    "admin/": OPEN_TO_ROLES,
    "admin/(?P<url>.*)$": NOTHING,
    "admin/graph/": lists("look"),
    **TERMINAL_PAGES,
    "admin/jsi18n/": NOT_BY_POST,
    "admin/health/": both(Row(200, needs="manage", place="everywhere"), Row(405)),
    "admin/autocomplete/": both(CLOSED, Row(405)),
    "admin/r/<path:content_type_id>/<path:object_id>/": NOTHING,
    "admin/sites/": lists("look", refused=404),
    "admin/provisioning/": lists("look", refused=404),
    "admin/audit/": lists("audit", refused=404),
    "admin/auth/": both(Row(200, needs="see_accounts", place="everywhere", refused=404)),
    **of_model("sites", "container", "look"),
    **of_model("sites", "host", "look"),
    **of_model("sites", "site", "look"),
    **of_model("sites", "domain", "look"),
    **of_model("provisioning", "certificate", "look"),
    **of_model("provisioning", "sitebackup", "look"),
    **of_model("provisioning", "operation", "operations"),
    **_of_verbs(),
    **THING_PAGES,
    **of_model("provisioning", "quarantine", "manage"),
    "admin/provisioning/quarantine/<path:object_id>/change/": leads_on("quarantine"),
    **of_model("provisioning", "rollout", "look"),
    **ROLLOUT_PAGES,
    **NOTIFY_PAGES,
    **ALERT_PAGES,
    # operations: what is refused is told on the operation's page
    **{
        f"admin/provisioning/operation/<int:key>/{name}/": both(
            Row(302, sees="operations", kind="operation"),
            Row(
                302, sees="operations", needs="cancel", kind="operation", refused=302, changes=True
            ),
        )
        for name in ("cancel", "retry")
    },
    # the audit, which nobody changes
    **of_model("audit", "entry", "audit"),
    "admin/audit/entry/<path:object_id>/change/": both(
        Row(
            200,
            needs="audit",
            place="somewhere",
            rights_first=True,
            sees="audit",
            kind="entry",
            hidden=302,
        ),
        replace(CLOSED, kind="entry", rights_first=True),
    ),
    **ACCOUNT_PAGES,
    **OWN_PAGES,
    # for Prometheus: answers as the API does
    "metrics": Page(table.METRICS, Row(405, page=True, open=True, while_held=HELD)),
    # the API's description of itself
    "api/": open_to_all(Row(404), Row(404), held=HELD),
    "api/docs": of_own(Row(200), held=HELD),
    "api/openapi.json": of_own(Row(200), held=HELD),
}
