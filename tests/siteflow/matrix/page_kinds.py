"""Classes of pages, made of classes of answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from tests.siteflow.matrix.rows import Page, Row, VerbRow, page

# Accounts that have to come to a page first.
HELD: Final = frozenset({"guarded", "outdated"})
GUARDED: Final = frozenset({"guarded"})


def both(get: Row, post: Row | None = None) -> Page:
    return Page(page(get), page(post or get))


OPEN_TO_ROLES: Final = both(Row(200))
NOT_BY_POST: Final = both(Row(200), Row(405))
NOTHING: Final = both(Row(404))
CLOSED: Final = Row(403, needs="nobody")


def lists(needs: str, refused: int = 403) -> Page:
    return both(Row(200, needs=needs, place="somewhere", refused=refused))


def reads(kind: str, sees: str = "look") -> Page:
    """The page of one thing; sending something to it only shows it again."""
    return both(Row(200, sees=sees, kind=kind))


def leads_on(kind: str) -> Page:
    """An address that Django completes, whatever it names."""
    return both(Row(302, kind=kind, hidden=302))


def history(kind: str, sees: str) -> Page:
    return both(Row(200, sees=sees, kind=kind, hidden=302))


def closed(kind: str = "") -> Page:
    """Django's own form, which nobody may use: things are made and removed by verbs."""
    return both(replace(CLOSED, kind=kind, rights_first=True))


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
    return both(get, replace(asked, status=status, body=body))


def many(verb: VerbRow) -> Page:
    """Several containers at once: what is refused of them is told on the page one is led to."""
    body = {"key": "KEY", "confirm_count": "1"}
    post = replace(verb.asked("container"), status=302, hidden=302, refused=302, body=body)
    return both(Row(302), post)


def plans(name: str, verb: VerbRow) -> Page:
    """Ticked in the list: the page that tells what would be done. Who may nothing is led back."""
    body = {"action": name, "_selected_action": "KEY"}
    post = Row(200, needs=verb.needs, place="somewhere", kind="container", sees="", hidden=200,
               refused=200, body=body, door="look")  # fmt: skip
    return both(Row(200, door="look"), post)


def changes(row: Row, body: object = None) -> Page:
    """A page with a form that a POST sends."""
    return Page(page(row), page(row, status=302, body=body, changes=True))


def of_own(row: Row, post: Row | None = None, *, held: frozenset[str] = frozenset()) -> Page:
    """A page of one's own account."""
    own: dict[str, Any] = {"own_account": True, "while_held": held}
    return both(replace(row, **own), replace(post or row, **own))


def open_to_all(get: Row, post: Row, *, held: frozenset[str] = frozenset()) -> Page:
    return both(replace(get, open=True, while_held=held), replace(post, open=True, while_held=held))


def only_sent(post: Row) -> Page:
    """No page at all, only what a form on another one is sent to."""
    return Page(
        Row(405, kind=post.kind, hidden=405, open=True, page=True),
        replace(post, own_account=True, page=True),
    )


def of_model(app: str, model: str, sees: str) -> dict[str, Page]:
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
