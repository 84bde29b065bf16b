"""Who may open which page of the console, and send what to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from provisioning.buttons import HAVE_TABS
from provisioning.operations import VERBS
from tests.siteflow import permission_table as table
from tests.siteflow.matrix.alert_pages import ALERT_PAGES
from tests.siteflow.matrix.notify_pages import NOTIFY_PAGES
from tests.siteflow.matrix.rollout_pages import ROLLOUT_PAGES
from tests.siteflow.matrix.rows import Page, Row, VerbRow
from tests.siteflow.matrix.terminal_pages import TERMINAL_PAGES

_HELD: Final = frozenset({"guarded", "outdated"})
_GUARDED: Final = frozenset({"guarded"})
_WITH_PAGES: Final = {"host", "site", "domain", "container", "quarantine"}


def _page(get: Row, post: Row | None = None) -> Page:
    return Page(replace(get, page=True), replace(post or get, page=True))


def _both(row: Row) -> Page:
    return _page(row)


# -- classes of pages --------------------------------------------------------------------------

OPEN_TO_ROLES: Final = _page(Row(200))
NOT_BY_POST: Final = _page(Row(200), Row(405))
NOTHING: Final = _page(Row(404))
CLOSED: Final = Row(403, needs="nobody")


def lists(needs: str, refused: int = 403) -> Page:
    return _page(Row(200, needs=needs, place="somewhere", refused=refused))


def reads(kind: str, sees: str = "look") -> Page:
    """The page of one thing; sending something to it only shows it again."""
    return _page(Row(200, sees=sees, kind=kind))


def leads_on(kind: str) -> Page:
    """An address that Django completes, whatever it names."""
    return _page(Row(302, kind=kind, hidden=302))


def history(kind: str, sees: str) -> Page:
    return _page(Row(200, sees=sees, kind=kind, hidden=302))


def closed(kind: str = "") -> Page:
    """Django's own form, which nobody may use: things are made and removed by verbs."""
    return _page(replace(CLOSED, kind=kind, rights_first=True))


def does(kind: str, name: str, verb: VerbRow) -> Page:
    """The page that asks before a verb, and the form it sends."""
    asked = verb.asked(kind)
    params = {key: " ".join(one) if isinstance(one, list) else one
              for key, one in verb.params.items()}  # fmt: skip
    body: dict[str, Any] = {"asked": "1", **params}
    if verb.confirm:
        body["confirm_name"] = "NAME"
    status = 302 if verb.status == 202 else verb.status
    get = replace(asked, status=200, changes=False, prepare="")
    return _page(get, replace(asked, status=status, body=body))


def many(verb: VerbRow) -> Page:
    """Several containers at once: what is refused of them is told on the page one is led to."""
    body = {"key": "KEY", "confirm_count": "1"}
    post = replace(verb.asked("container"), status=302, hidden=302, refused=302, body=body)
    return _page(Row(302), post)


def plans(name: str, verb: VerbRow) -> Page:
    """Ticked in the list: the page that tells what would be done. Who may nothing is led back."""
    body = {"action": name, "_selected_action": "KEY"}
    post = Row(200, needs=verb.needs, place="somewhere", kind="container", sees="", hidden=200,
               refused=200, body=body, door="look")  # fmt: skip
    return _page(Row(200, door="look"), post)


def of_accounts(kind: str, post: Row | None = None, *, hidden: int = 404) -> Page:
    """Pages on which accounts and roles are managed."""
    row = Row(
        200, needs="see_accounts", place="everywhere", kind=kind, hidden=hidden, rights_first=True
    )
    return _page(row, replace(row, **_told_by(post)) if post else row)


def _told_by(row: Row) -> dict[str, Any]:
    return {"status": row.status, "body": row.body, "changes": row.changes,
            "spared": row.spared, "spared_code": row.spared_code}  # fmt: skip


def act_on(kind: str, body: Any = None, *, changes: bool = True) -> Page:
    """A button on the page of an account or role."""
    spared: Any = "superuser" if kind == "account" else ""
    page = of_accounts(kind, Row(302, body=body, changes=changes, spared=spared))
    return Page(replace(page.get, status=405), page.post)


def ticked(action: str, kind: str, spared_code: int = 403) -> Page:
    """What the list of accounts or roles offers for the rows that are ticked."""
    spared: Any = "superuser" if kind == "account" else "built in"
    body = {"action": action, "_selected_action": "KEY", "post": "yes"}
    post = Row(302, body=body, changes=True, spared=spared, spared_code=spared_code)
    return Page(of_accounts("").get, of_accounts(kind, post, hidden=302).post)


def of_own(row: Row, post: Row | None = None, *, held: frozenset[str] = frozenset()) -> Page:
    """A page of one's own account."""
    own: dict[str, Any] = {"own_account": True, "while_held": held}
    return _page(replace(row, **own), replace(post or row, **own))


def open_to_all(get: Row, post: Row, *, held: frozenset[str] = frozenset()) -> Page:
    return _page(
        replace(get, open=True, while_held=held), replace(post, open=True, while_held=held)
    )


def only_sent(post: Row) -> Page:
    """No page at all, only what a form on another one is sent to."""
    return Page(
        Row(405, kind=post.kind, hidden=405, open=True, page=True),
        replace(post, own_account=True, page=True),
    )


# -- the pages -----------------------------------------------------------------------------------


def _of_model(app: str, model: str, sees: str) -> dict[str, Page]:
    """What Django makes for each of our models."""
    kind, root = model, f"admin/{app}/{model}"
    return {
        f"{root}/": lists(sees),
        f"{root}/add/": closed(),
        f"{root}/<path:object_id>/": leads_on(kind),
        f"{root}/<path:object_id>/change/": reads(kind, sees),
        f"{root}/<path:object_id>/delete/": closed(kind),
        f"{root}/<path:object_id>/history/": history(kind, sees),
    }


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
        page = _page(Row(404, kind=kind)) if name in _HAVE_FORMS else does(kind, name, verb)
        found[f"admin/{app}/{kind}/<int:key>/do/{name}/"] = page
        if name in HAVE_TABS:  # of one at a time
            several = f"admin/sites/{kind}/bulk/{name}/"
            found[several] = Page(many(verb).get, replace(Row(404, kind=kind), page=True))
        elif kind == "container":
            short = name.partition(".")[2]
            found[f"admin/sites/container/bulk/{name}/"] = many(verb)
            found[f"admin/sites/container/ action={short}"] = plans(short, verb)
    return found


_MANAGES: Final = Row(200, needs="manage", place="everywhere")
_MANAGES_TEMPLATE: Final = replace(_MANAGES, kind="slug", rights_first=True)
_TEMPLATE_FORM: Final = {
    "slug": "typed", "name": "Typed", "web_service": "web", "web_port": "80", "probe_path": "/",
    "memory_mb": "64", "disk_mb": "64", "compose": table.COMPOSE,
}  # fmt: skip
_NEW_DOMAIN: Final = {"name": "typed.example.com", "kind": "alias", "tls": "off"}
_NAS_FORM: Final = {**table.NEW_NAS, "every_minutes": "60", "least_percent": "50"}
_CONFIRM_FIRST: Final = Row(302)  # the password again, as it was given long ago

PAGES: dict[str, Page] = {
    "": open_to_all(Row(302), Row(302)),
    "admin/": OPEN_TO_ROLES,
    "admin/(?P<url>.*)$": NOTHING,
    "admin/graph/": lists("look"),
    **TERMINAL_PAGES,
    "admin/jsi18n/": NOT_BY_POST,
    "admin/health/": _page(Row(200, needs="manage", place="everywhere"), Row(405)),
    "admin/autocomplete/": _page(CLOSED, Row(405)),
    "admin/r/<path:content_type_id>/<path:object_id>/": NOTHING,
    "admin/sites/": lists("look", refused=404),
    "admin/provisioning/": lists("look", refused=404),
    "admin/audit/": lists("audit", refused=404),
    "admin/auth/": _page(Row(200, needs="see_accounts", place="everywhere", refused=404)),
    **_of_model("sites", "container", "look"),
    **_of_model("sites", "host", "look"),
    **_of_model("sites", "site", "look"),
    **_of_model("sites", "domain", "look"),
    **_of_model("provisioning", "certificate", "look"),
    **_of_model("provisioning", "sitebackup", "look"),
    **_of_model("provisioning", "operation", "operations"),
    **_of_verbs(),
    # hosts
    "admin/sites/host/add/": _page(_MANAGES),
    "admin/sites/host/set-up/": _page(_MANAGES),
    "admin/sites/host/set-up/<int:key>/": _page(
        replace(_MANAGES, sees="mine", kind="wizard", rights_first=True),
        replace(
            _MANAGES,
            sees="mine",
            kind="wizard",
            rights_first=True,
            status=302,
            body={"move": "cancel"},
            changes=True,
        ),
    ),
    "admin/sites/container/add/": _page(Row(200, needs="manage", place="somewhere")),
    "admin/provisioning/sitetemplate/": lists("look"),
    "admin/provisioning/sitetemplate/add/": _page(
        _MANAGES, replace(_MANAGES, status=302, body=_TEMPLATE_FORM, changes=True)
    ),
    "admin/provisioning/sitetemplate/<slug:slug>/": _page(
        Row(200, sees="look", kind="slug"),
    ),
    "admin/provisioning/sitetemplate/<slug:slug>/edit/": _page(
        _MANAGES_TEMPLATE,
        replace(_MANAGES_TEMPLATE, status=302, body=_TEMPLATE_FORM, changes=True),
    ),
    "admin/provisioning/sitetemplate/<slug:slug>/delete/": _page(
        _MANAGES_TEMPLATE,
        replace(
            _MANAGES_TEMPLATE, status=302, body={"asked": "1", "confirm_name": "NAME"}, changes=True
        ),
    ),
    "admin/sites/host/<int:key>/edit/": _page(
        Row(200, sees="look", needs="manage", kind="host"),
    ),
    "admin/sites/host/<int:key>/nas/": _page(
        Row(200, sees="look", needs="manage", kind="host"),
        Row(
            302,
            sees="look",
            needs="manage",
            kind="host",
            body=_NAS_FORM,
            changes=True,
            prepare="by ssh",
        ),
    ),
    # sites
    "admin/sites/site/add/": _page(Row(200, needs="manage", place="somewhere")),
    "admin/sites/site/<int:key>/domains/add/": _page(
        Row(200, sees="look", needs="manage", kind="site"),
        Row(302, sees="look", needs="manage", kind="site", body=_NEW_DOMAIN, changes=True),
    ),
    "admin/sites/domain/<int:key>/edit/": _page(
        Row(200, sees="look", needs="manage", kind="domain"),
        Row(302, sees="look", needs="manage", kind="domain", body={"tls": "off"}, changes=True),
    ),
    "admin/sites/site/<int:key>/config/": _page(
        Row(302, sees="look", kind="site"),
        Row(302, sees="look", needs="manage", kind="site", body={"revision": "1"}, changes=True),
    ),
    "admin/sites/site/<int:key>/releases/<int:number>/": reads("site"),
    "admin/sites/site/<int:key>/reveal/": _page(
        Row(302, sees="look", kind="site"),
        Row(200, sees="look", needs="reveal", kind="site"),
    ),
    **_of_model("provisioning", "quarantine", "manage"),
    "admin/provisioning/quarantine/<path:object_id>/change/": leads_on("quarantine"),
    **_of_model("provisioning", "rollout", "look"),
    **ROLLOUT_PAGES,
    **NOTIFY_PAGES,
    **ALERT_PAGES,
    # operations: what is refused is told on the operation's page
    **{
        f"admin/provisioning/operation/<int:key>/{name}/": _page(
            Row(302, sees="operations", kind="operation"),
            Row(
                302, sees="operations", needs="cancel", kind="operation", refused=302, changes=True
            ),
        )
        for name in ("cancel", "retry")
    },
    # the audit, which nobody changes
    **_of_model("audit", "entry", "audit"),
    "admin/audit/entry/<path:object_id>/change/": _page(
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
    # accounts and roles
    **{
        f"admin/auth/{model}/{suffix}": page
        for model, kind in (("user", "account"), ("group", "role"))
        for suffix, page in {
            "": of_accounts(""),
            "add/": of_accounts(""),
            "<path:object_id>/": leads_on(kind),
            "<path:object_id>/change/": of_accounts(kind),
            "<path:object_id>/edit/": of_accounts(kind, Row(200, body={"permissions": "none"})),
            "<path:object_id>/delete/": of_accounts(kind, hidden=302),
            "<path:object_id>/history/": of_accounts(kind, hidden=302),
            " action=delete_selected": ticked("delete_selected", kind),
        }.items()
    },
    "admin/auth/user/ action=log_out": ticked("log_out", "account", 302),
    "admin/auth/user/<int:key>/can/": of_accounts("account"),
    **{
        f"admin/auth/user/<int:key>/do/{what}/": page
        for what, page in {
            "disable": act_on("account"),
            "enable": act_on("account", changes=False),  # is enabled
            "require-new-password": act_on("account"),
            "remove-second-factor": act_on("account", {"confirm": "NAME"}, changes=False),
            "end-login": act_on("account", {"login": "LOGIN"}),
            "end-logins": act_on("account"),
            "revoke-token": act_on("account", {"token": "TOKEN"}),
            "give": act_on("account", {"role": "operator", "on": "everything"}),
            "take-away": act_on("account", {"grant": "GRANT"}),
            "leave": act_on("account", {"group": "GROUP"}),
        }.items()
    },
    **{
        f"admin/auth/group/<int:key>/do/{what}/": page
        for what, page in {
            "give": act_on("role", {"role": "operator", "on": "everything"}),
            "take-away": act_on("role", {"grant": "GRANT"}),
            "add-member": act_on("role", {"user": "charlie"}),
            "remove-member": act_on("role", {"user": "NAME"}),
        }.items()
    },
    # logging in and out
    "admin/login/": Page(
        Row(302, page=True, outside=200, while_held=_HELD),
        Row(200, page=True, open=True, while_held=_HELD),
    ),
    "admin/logout/": Page(
        Row(405, page=True, outside=302, while_held=_HELD),
        Row(200, page=True, outside=302, while_held=_HELD, ends=True),
    ),
    "admin/password_change/": OPEN_TO_ROLES,
    "admin/password_change/done/": NOT_BY_POST,
    "account/logout/": open_to_all(Row(405), Row(200, ends=True), held=_HELD),
    "account/login/code/": of_own(Row(302)),
    "account/login/passkey/": open_to_all(Row("login"), Row("login")),
    # one's own account
    "account/": of_own(Row(200)),
    "account/password/": of_own(Row(200), held=_HELD),
    "account/confirm/": of_own(Row(200), held=_GUARDED),
    "account/confirm/code/": of_own(Row(302), held=_GUARDED),
    "account/confirm/passkey/": of_own(Row(302), held=_GUARDED),
    "account/logins/end/": only_sent(Row(302, changes=True)),
    "account/logins/<uuid:key>/end/": only_sent(Row(302, sees="mine", kind="login", changes=True)),
    "account/tokens/": of_own(
        Row(302), Row(200, body={"name": "ci", "scopes": "read"}, changes=True)
    ),
    "account/tokens/<int:key>/revoke/": only_sent(
        Row(302, sees="mine", kind="token", changes=True)
    ),
    "account/second-factor/": of_own(Row(200), Row(405), held=_GUARDED),
    "account/second-factor/app/": of_own(_CONFIRM_FIRST, held=_GUARDED),
    "account/second-factor/app/remove/": of_own(Row(404), held=_GUARDED),
    "account/second-factor/codes/": of_own(Row(404), Row(405), held=_GUARDED),
    "account/second-factor/codes/new/": of_own(_CONFIRM_FIRST, held=_GUARDED),
    "account/second-factor/passkeys/": of_own(Row(200), Row(405), held=_GUARDED),
    "account/second-factor/passkeys/add/": of_own(_CONFIRM_FIRST, held=_GUARDED),
    "account/second-factor/passkeys/<int:pk>/remove/": of_own(
        Row(302, kind="token", hidden=302), held=_GUARDED
    ),
    # for Prometheus: answers as the API does
    "metrics": Page(table.METRICS, Row(405, page=True, open=True, while_held=_HELD)),
    # the API's description of itself
    "api/": open_to_all(Row(404), Row(404), held=_HELD),
    "api/docs": of_own(Row(200), held=_HELD),
    "api/openapi.json": of_own(Row(200), held=_HELD),
}


def _spare(route: str, spared: Any, **post: Any) -> None:
    page = PAGES[route]
    get = replace(page.get, spared=spared)
    PAGES[route] = Page(get, replace(get, **post))


_spare("admin/auth/user/<path:object_id>/edit/", "superuser")
_spare("admin/auth/user/<path:object_id>/delete/", "superuser")
_spare("admin/auth/group/<path:object_id>/delete/", "built in")
PAGES["admin/auth/user/<id>/password/"] = of_accounts("account")
_spare("admin/auth/user/<id>/password/", "superuser", changes=True)


def _of_act(route: str) -> str:
    """What it takes beyond seeing accounts or roles. Who puts people into roles gives them."""
    of_role = route.startswith("admin/auth/group/")
    what, give = ("roles", " give") if of_role else ("accounts", "")
    if "/do/" in route:
        gives = of_role or route.endswith(("/give/", "/take-away/", "/leave/"))
        return f"change_{what}" + (" give" if gives else "")
    if route.endswith("user/add/"):
        return "add_accounts change_accounts"
    acts = {"add/": "add", "edit/": "change", "password/": "change", "delete/": "delete",
            "log_out": "change", "delete_selected": "delete"}  # fmt: skip
    return next((f"{act}_{what}{give}" for end, act in acts.items() if route.endswith(end)), "")


def _in_parts(route: str, page: Page) -> Page:
    """For who holds only some of it: one sees it all, and is refused where more is needed."""
    see = "see_roles" if route.startswith("admin/auth/group/") else "see_accounts"
    act = _of_act(route)
    first = route.endswith("delete/")  # Django looks at the right, then for the thing
    get = replace(page.get, door=see, needs=act, rights_first=first)
    post = replace(page.post, door=see, needs=act, rights_first=first)
    if " action=" in route:  # what one may not do is not offered: the list comes back
        return Page(replace(get, needs=""), replace(post, refused=200, rights_first=True))
    return Page(replace(get, needs="") if "/do/" in route else get, post)


PAGES |= {
    route: _in_parts(route, page)
    for route, page in PAGES.items()
    if route.startswith(("admin/auth/user/", "admin/auth/group/")) and page.get.needs
}
