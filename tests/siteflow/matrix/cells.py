"""The whole grid, made of the running application and the table: nothing of either is left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, get_resolver

from provisioning.operations import VERBS
from siteflow.admin.group_page import GROUP_ACTS
from siteflow.admin.user_acts import ACTS
from siteflow.api import api
from sites.rows import EVERYTHING
from tests.siteflow import permission_table as table
from tests.siteflow.matrix.asking import Cell
from tests.siteflow.matrix.pages import PAGES
from tests.siteflow.matrix.questions import QUESTIONS
from tests.siteflow.matrix.rows import Row, Which
from tests.siteflow.matrix.visitors import Visitor
from tests.siteflow.matrix.world import MISSING, TAGS, World

METHODS: Final = ("get", "post", "put", "patch", "delete")
WHICH: Final[tuple[Which, ...]] = ("own", "foreign", "missing")
_CHOICE: Final = re.compile(r"\(\?P<\w+>(\w+(?:\|\w+)+)\)")
_HOLE: Final = re.compile(r"\{\w+\}|<[^>]+>")
# Of a release: every site has the first one.
_NUMBER: Final = re.compile(r"\{number\}|<int:number>")
_MOVING: Final = ("wizard", "operation", "rollout")
# What a worker does later, for whoever asked: one verb of each right.
WORKED: Final = ("container.stop", "container.remove", "host.refresh", "host.rotate-key")
# Ninja's own pages: not part of the API they describe, and reached like a page.
DOCS: Final = {"api/openapi.json", "api/docs", "api/"}


def described() -> set[tuple[str, str]]:
    """Each method of each address of the API, as its own description has them."""
    paths = api.get_openapi_schema(path_prefix="/api/")["paths"]
    return {(method, path) for path, methods in paths.items() for method in methods}


def routes() -> set[str]:
    """Each URL pattern but those of the API, with those that carry a verb once for each of it."""
    found = {one for one in _walked(get_resolver()) if not one.startswith("api/") or one in DOCS}
    return found | set(_actions())


def _actions() -> Iterator[str]:
    """What lists offer for the rows that are ticked, to whoever may do everything."""
    request = HttpRequest()
    request.user = EVERYTHING
    for model, one in admin.site._registry.items():
        for name in one.get_actions(request):
            yield f"admin/{model._meta.app_label}/{model._meta.model_name}/ action={name}"


def _walked(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLPattern):
            yield from _by_verb(route)
        else:
            yield from _walked(one, route)


def _by_verb(route: str) -> Iterator[str]:
    if match := _CHOICE.search(route):
        yield from (
            _CHOICE.sub(one, route).replace("^", "").rstrip("$") for one in match[1].split("|")
        )
        return
    if "<slug:what>" in route:
        acts = ACTS if "/user/" in route else GROUP_ACTS
        yield from (route.replace("<slug:what>", one) for one in acts)
        return
    if "<str:kind>" not in route:
        yield route
        return
    target = route.split("/")[2]
    for verb in VERBS.values():
        if verb.target_type == target:
            yield route.replace("<str:kind>", verb.kind)


# -- the grid --------------------------------------------------------------------------------


def cells_for(visitor: Visitor, world: World) -> Iterator[Cell]:
    for cell in _all(visitor, world):
        if cell.path.startswith(visitor.only):
            yield cell


def _all(visitor: Visitor, world: World) -> Iterator[Cell]:
    yield from _of_api(visitor, world)
    yield from _of_verbs(visitor, world)
    yield from _of_pages(visitor, world)
    yield from _of_workers(visitor, world)
    for method, path, row in QUESTIONS:
        if row.by in ("", visitor.name):
            yield from _cells(visitor, world, method, path, row)


def _of_api(visitor: Visitor, world: World) -> Iterator[Cell]:
    for (method, path), row in table.API.items():
        if path == "/api/operations" and method == "post":
            continue
        kind = row.kind or _kind_of(path)
        yield from _cells(visitor, world, method, path, replace(row, kind=kind))


def _of_verbs(visitor: Visitor, world: World) -> Iterator[Cell]:
    path = "/api/operations"
    for name, verb in table.VERBS.items():
        target = VERBS[name].target_type if VERBS[name].target else ""
        row = verb.asked(target)
        for which in _asked_for(visitor, target):
            key = world.key(target, which, visitor) if target else None
            body = filled(table.body_of(name, key), world, target, which, key)
            yield Cell("post", f"{path} {name} {{target}}", row, which, path, body)


def _of_workers(visitor: Visitor, world: World) -> Iterator[Cell]:
    """A token's scopes count when it asks; the worker looks at what its account may do by then."""
    if visitor.way != "session" or visitor.stopped or visitor.forged:
        return
    for name in WORKED:
        verb = table.VERBS[name]
        kind = name.partition(".")[0]
        row = replace(verb.asked(kind), sees="", changes=False, prepare="")
        for which in WHICH[:2]:
            yield Cell("work", f"{name} {{target}}", row, which, name, world.keys[kind, which])


def _of_pages(visitor: Visitor, world: World) -> Iterator[Cell]:
    for route, page in PAGES.items():
        for method in ("get", "post"):
            row: Row = getattr(page, method)
            yield from _cells(visitor, world, method, route, row)


def _cells(visitor: Visitor, world: World, method: str, path: str, row: Row) -> Iterator[Cell]:
    outside = row.page and visitor.way != "session"
    for which in _asked_for(visitor, "" if outside else row.kind):
        if which not in row.of:
            continue
        key = world.key(row.kind, which, visitor) if row.kind else ""
        body = filled(row.body, world, row.kind, which, key)
        address = _address(path, row, world, which, visitor)
        if row.query:
            address += "?" + urlencode(filled(row.query, world, row.kind, which, key))
        yield Cell(method, path, row, which, address, body)


def _asked_for(visitor: Visitor, kind: str) -> tuple[Which, ...]:
    """Who is stopped at the door gets one answer, whatever is asked for."""
    return WHICH[:1] if visitor.stopped or not kind else WHICH


def _address(path: str, row: Row, world: World, which: Which, visitor: Visitor) -> str:
    path = _NUMBER.sub("1", path.partition(" ")[0])
    address = "/" + path.lstrip("/")
    if not row.kind:
        return PLAIN.get(path, address)
    move = path.rstrip("/").rpartition("/")[2] if row.kind in _MOVING else ""
    key = world.key(row.kind, which, visitor, move if _has_own(row.kind, move) else "")
    return _HOLE.sub(str(key), address)


# Patterns that are no addresses yet.
PLAIN: Final = {
    "admin/(?P<url>.*)$": "/admin/nothing/of/the/kind/",
    "admin/r/<path:content_type_id>/<path:object_id>/": "/admin/r/999999/1/",
}


def _has_own(kind: str, move: str) -> bool:
    """Moves of a wizard, repeating an operation and going on with a rollout need one in the right
    state."""
    if kind in ("operation", "rollout"):
        return move in ("retry", "resume")
    return move in ("step", "next", "previous", "test", "complete", "cancel")


def _kind_of(path: str) -> str:
    if "{" not in path:
        return ""
    return path.split("/")[2].removesuffix("s")


def filled(body: Any, world: World, kind: str, which: Which, key: Any) -> Any:
    """Words in capitals stand for what is the thing's own."""
    if body is None:
        return None
    name = world.names.get((kind, which), "none")
    other = "own" if which == "foreign" else "foreign"
    others_name = str(world.names.get((kind, other), "none"))
    own = {
        "FINGERPRINT": world.keys.get(("fingerprint", which), "SHA256:none"),
        "NAME": name,
        "KEY": str(key),
        "GRANT": str(world.keys.get((f"{kind}:grant", which), MISSING)),
        "GROUP": str(world.keys.get(("group", which), MISSING)),
        "LOGIN": str(world.keys.get(("login", str(name)), MISSING)),
        "TOKEN": str(world.keys.get(("token", str(name)), MISSING)),
        "OTHER_LOGIN": str(world.keys.get(("login", others_name), MISSING)),
        "OTHER_TOKEN": str(world.keys.get(("token", others_name), MISSING)),
        "OTHER_GRANT": str(world.keys.get((f"{kind}:grant", other), MISSING)),
        "OTHER_HOST": str(world.keys["host", other]),
        "ADMINS": str(world.keys["role", "foreign"]),
        **world.texts,
    }
    text = json.dumps(body).replace("TAG", TAGS.get(which, "none"))
    for word, value in own.items():
        text = text.replace(json.dumps(word), json.dumps(value))
    return json.loads(text)


def wrong_methods() -> Iterator[tuple[str, str]]:
    """What no address of the API answers to."""
    for path in sorted({path for _, path in table.API}):
        for method in METHODS:
            if (method, path) not in table.API:
                yield method, path
