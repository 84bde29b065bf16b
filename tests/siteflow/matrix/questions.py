"""Questions beside the plain ones: other tabs and filters, several things at once, things of
somebody else named in a form, and what is sent to log in.

Each is asked of an address that has its row in the table already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from tests.siteflow import permission_table as table
from tests.siteflow.matrix.pages import PAGES
from tests.siteflow.matrix.rows import Code, Row, Which
from tests.siteflow.matrix.world import TAKEN

Question = tuple[str, str, Row]  # method, address as in the table, what is expected
_OWN: Final[tuple[Which, ...]] = ("own",)


def _page(path: str, **changes: Any) -> Question:
    return "get", path, replace(PAGES[path].get, **changes)


def _form(path: str, **changes: Any) -> Question:
    return "post", path, replace(PAGES[path].post, **changes)


def _api(method: str, path: str, row: Row | None = None, **changes: Any) -> Question:
    return method, path, replace(row or table.API[method, path], **changes)


# -- hosts, sites and containers ---------------------------------------------------------------

_THING: Final = "admin/sites/{}/<path:object_id>/change/"
_TABS: Final = {
    "host": (
        "metrics",
        "containers",
        "images",
        "volumes",
        "networks",
        "events",
        "services",
        "proxy",
        "operations",
        "audit",
    ),
    "site": ("metrics", "domains"),
    "domain": ("operations", "audit"),
    "container": ("logs", "metrics", "limits", "inspect", "operations", "audit"),
}
_BULK: Final = "admin/sites/container/bulk/container.remove/"
_STOP: Final = "admin/sites/container/ action=stop"
_HOST: Final = "/api/hosts/{host_id}"
_KEEPER: Final = "admin of this host"


def _things() -> Iterator[Question]:
    for kind, tabs in _TABS.items():
        for tab in tabs:
            yield _page(_THING.format(kind), query={"tab": tab})
    terminal: dict[str, Any] = {"query": {"tab": "terminal"}}
    yield _page(_THING.format("container"), **terminal, needs="exec")
    # The hosts are this machine: its shell is SiteFlow's own account, which reads everything.
    yield _page(_THING.format("host"), **terminal, needs="terminal", place="everywhere")
    by_site: dict[str, Any] = {"query": {"site": "KEY"}, "kind": "site", "hidden": 200}
    yield _page("admin/sites/container/", **by_site)
    several = table.VERBS["container.stop"].asked("container")
    told = (('"not_found"', 404), ('"forbidden"', 403))
    body = {"kind": "container.stop", "target_ids": ["KEY"]}
    yield _api("post", "/api/operations", several, body=body, told=told)
    # Whose a name is that is taken already, is told to who may see that site only.
    taken: dict[str, Any] = {"by": _KEEPER, "of": _OWN, "status": 409, "changes": False}
    yield _api("post", "/api/domains", **taken, body={"site": "KEY", "name": TAKEN})
    # A number that was typed wrong leads back to the plan, which is for who may remove something.
    wrong = {"key": "KEY", "confirm_count": "7"}
    yield _form(_BULK, status=422, refused=403, place="somewhere", body=wrong, changes=False)
    # The plan holds what may be stopped and leaves the rest out.
    left_out = (("Stop 0 containers", 403),)
    guest: dict[str, Any] = {
        "by": "viewer, operator of this site",
        "told": left_out,
        "needs": "operate",
    }
    yield _form(_STOP, **guest, place="thing", refused=403, hidden=403, of=("own", "foreign"))


def _hosts() -> Iterator[Question]:
    """A right on one host ends there: it leads to no other one, and not to this machine."""
    local: dict[str, Any] = {"body": {"docker_socket": "/run/other.sock"}, "kind": "host"}
    yield _api("patch", _HOST, **local, place="everywhere")
    keeper: dict[str, Any] = {"by": _KEEPER, "kind": "host", "changes": False}
    through: dict[str, Any] = {
        "connection": "ssh",
        "address": "192.0.2.9",
        "username": "a",
        "auth": "generate",
    }
    yield _api("patch", _HOST, **keeper, status=422, body={**through, "via": "OTHER_HOST"})
    led_on: dict[str, Any] = {"prepare": "jump", "of": _OWN}
    yield _api("patch", _HOST, **keeper, **led_on, status=403, body={"address": "192.0.2.8"})
    yield _page(_THING.format("host"), by=_KEEPER, **led_on)
    tags = {"kind": "site.tag", "target_id": "KEY", "params": {"tags": ["GRANTED"]}}
    granted = replace(table.VERBS["site.tag"].asked("site"), needs="tag give")
    yield _api("post", "/api/operations", granted, body=tags, of=_OWN)


# -- accounts and roles ------------------------------------------------------------------------

_ACCOUNT: Final = "admin/auth/user/<int:key>/do/{}/"
_ROLE: Final = "admin/auth/group/<int:key>/do/{}/"
_CAN: Final = "admin/auth/user/<int:key>/can/"


def _accounts() -> Iterator[Question]:
    """What is named in a form has to be this account's, and the last who manages them stays."""
    gone: dict[str, Any] = {"status": 404, "changes": False, "of": ("own", "foreign")}
    yield _form(_ACCOUNT.format("end-login"), **gone, body={"login": "OTHER_LOGIN"})
    yield _form(_ACCOUNT.format("revoke-token"), **gone, body={"token": "OTHER_TOKEN"})
    for path in (_ACCOUNT, _ROLE):
        yield _form(path.format("take-away"), **gone, body={"grant": "OTHER_GRANT"})
    spared: dict[str, Any] = {"spared": "always", "spared_code": 302}
    yield _form(_ROLE.format("add-member"), **spared, body={"user": "chief"})
    manager: dict[str, Any] = {"kind": "manager", "of": _OWN, "changes": False}
    leaving = {"by": "admin", "prepare": "last manager", "body": {"group": "ADMINS"}}
    yield _form(_ACCOUNT.format("leave"), **manager, **leaving)
    yield _form(_ACCOUNT.format("disable"), **manager, by="clerk of accounts", status=403)
    # Rights that are sent along count only from who gives rights.
    edited = {"username": "NAME", "is_active": "on", "is_superuser": "on", "groups": "ADMINS"}
    edit = "admin/auth/user/<path:object_id>/edit/"
    yield _form(edit, status=302, changes=True, body=edited, of=_OWN)
    fresh = {"username": "fresh", "role": "operator", "on": "everything"}
    yield _form("admin/auth/user/add/", changes=True, body=fresh)


def _places() -> Iterator[Question]:
    """Who manages accounts and sees nothing else finds nothing else there."""
    seen: dict[str, Any] = {"needs": "see_accounts look", "refused": 404}
    told = (("There is no", 404),)
    for text in ("host:WEB1", "site:shop", "container:shop-web-1"):
        yield _page(_CAN, **seen, told=told, query={"thing": text})
    yield _page(_CAN, query={"thing": "web"})
    yield _page(_CAN, query={"of": "container.see"})
    yield _page(_CAN, query={"token": "TOKEN"})
    yield _page(_CAN, query={"token": "OTHER_TOKEN"}, status=404)
    for place in ("host:WEB1", "site:shop"):
        body = {"role": "operator", "on": place}
        nowhere: dict[str, Any] = {"by": "registrar", "changes": False, "of": _OWN}
        yield _form(_ACCOUNT.format("give"), body=body, **nowhere)


# -- logging in --------------------------------------------------------------------------------


# word of a body, what it is answered, and what happens while it is looked at
_REFRESHES: Final = (
    ("GOOD_REFRESH", 200, ""),
    ("GOOD_REFRESH", 401, "ended meanwhile"),
    ("HELD_REFRESH", 403, ""),
    ("ENDED_REFRESH", 401, ""),
    ("DISABLED_REFRESH", 401, ""),
)
_PASSWORDS: Final[tuple[tuple[str, str, Code, str], ...]] = (
    ("alice", "", 200, ""),
    ("alice", "", 401, "disabled meanwhile"),
    ("outdated", "", 403, ""),
    ("guarded", "", 403, ""),
    ("disabled", "", 401, ""),
    ("coded", "", "no code", ""),
    ("coded", "guessed", "wrong code", ""),
    ("coded", "CODE", 200, ""),
)
_CODES: Final = (('"second_factor_required"', "no code"), ('"wrong_code"', "wrong code"))


def _ways_in() -> Iterator[Question]:
    for word, code, meanwhile in _REFRESHES:
        yield _way_in("/api/auth/refresh", {"refresh": word}, code, meanwhile)
    for name, typed, told, meanwhile in _PASSWORDS:
        body = {"username": name, "password": f"{name}'s own", "code": typed}
        method, path, row = _way_in("/api/auth/token", body, told, meanwhile)
        yield method, path, replace(row, told=_CODES if name == "coded" else ())
    ended: dict[str, Any] = {"prepare": "logins ended", "by": "viewer"}
    yield _api("post", "/api/auth/ws-ticket", **ended, status=401)


def _way_in(path: str, body: Any, code: Code, meanwhile: str) -> Question:
    """What happens meanwhile is a change, too."""
    changes = code == 200 or bool(meanwhile)
    row = Row(code, body=body, open=True, by="anonymous", prepare=meanwhile, changes=changes)
    return "post", path, row


QUESTIONS: Final[tuple[Question, ...]] = (
    *_things(), *_hosts(), *_accounts(), *_places(), *_ways_in(),
)  # fmt: skip
