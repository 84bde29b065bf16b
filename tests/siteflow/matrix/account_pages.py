"""Pages on which accounts and roles are managed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from tests.siteflow.matrix.page_kinds import both, leads_on
from tests.siteflow.matrix.rows import Page, Row


def of_accounts(kind: str, post: Row | None = None, *, hidden: int = 404) -> Page:
    """Pages on which accounts and roles are managed."""
    row = Row(
        200, needs="see_accounts", place="everywhere", kind=kind, hidden=hidden, rights_first=True
    )
    return both(row, replace(row, **_told_by(post)) if post else row)


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


# -- the pages ---------------------------------------------------------------------------------

_PAGES: Final[dict[str, Page]] = {
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
}


def _spare(route: str, spared: Any, **post: Any) -> None:
    page = _PAGES[route]
    get = replace(page.get, spared=spared)
    _PAGES[route] = Page(get, replace(get, **post))


_spare("admin/auth/user/<path:object_id>/edit/", "superuser")
_spare("admin/auth/user/<path:object_id>/delete/", "superuser")
_spare("admin/auth/group/<path:object_id>/delete/", "built in")
_PAGES["admin/auth/user/<id>/password/"] = of_accounts("account")
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


ACCOUNT_PAGES: Final[dict[str, Page]] = {
    route: _in_parts(route, page) if page.get.needs else page for route, page in _PAGES.items()
}
