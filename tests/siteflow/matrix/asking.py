"""Asks every question of the table and collects each answer that is not the expected one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.db import transaction
from django.db.models import Model
from django.test import RequestFactory
from django.test.client import ClientHandler

from provisioning.models import Operation
from tests.siteflow.matrix.rows import Code, Row, Which
from tests.siteflow.matrix.visitors import Visitor
from tests.siteflow.matrix.world import ENTRY_MARK, NAMES, OPERATION_MARK, World

_CSRF: Final = "c" * 32
_VOLATILE: Final = {"last_seen_at", "last_used_at", "last_used_from", "last_login"}
# Where refusals themselves leave traces, as they should.
_TRACES: Final = {"Session", "Entry", "Head", "Attempts", "Ticket", "Anchor"}
# What differs from one answer to the next: numbers of requests and times.
_OWN_TO_AN_ANSWER: Final = re.compile(
    rb'"timestamp":\s*"[^"]*"|[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
    rb"|name=\"csrfmiddlewaretoken\" value=\"[^\"]*\""
)


@dataclass(frozen=True)
class Cell:
    method: str
    path: str  # with the placeholders of its row
    row: Row
    which: Which
    address: str
    content: Any = None

    def __str__(self) -> str:
        thing = f" ({self.which})" if "{" in self.path or "<" in self.path else ""
        return f"{self.method.upper()} /{self.path.lstrip('/')}{thing}"


@dataclass(frozen=True)
class Answer:
    code: Code
    text: bytes
    location: str = ""


_handler = ClientHandler(enforce_csrf_checks=True)


class Browser(RequestFactory):
    """Django's test client without its look into templates, which takes longer than the answer."""

    def request(self, **request: Any) -> Any:
        environ: Any = self
        return _handler(environ._base_environ(**request))


def ask(world: World, visitor: Visitor, cell: Cell) -> Answer:
    browser: Any = Browser()
    cookies = dict(world.cookies[visitor.name])
    extra = dict(world.headers[visitor.name])
    if not visitor.forged:
        cookies["csrftoken"] = extra["HTTP_X_CSRFTOKEN"] = _CSRF
    browser.cookies.load(cookies)
    content, kind = cell.content, "application/json"
    if cell.row.page and cell.method == "post":
        response = browser.post(cell.address, content or {}, **extra)
    else:
        data = json.dumps(content) if content is not None else ""
        response = browser.generic(cell.method.upper(), cell.address, data, kind, **extra)
    return _read(response)


def _read(response: Any) -> Answer:
    streams = response.streaming
    text = b"".join(response.streaming_content) if streams else response.content
    code: Code = response.status_code
    location = str(response.headers.get("Location", ""))
    if location.startswith("/admin/login/"):
        code = "login"
    elif location.startswith(("/account/password/?next", "/account/second-factor/?next")):
        code = "hold"
    return Answer(code, text, location)


def problems_of(world: World, visitor: Visitor, cells: Iterable[Cell]) -> Iterator[str]:
    """What is wrong with the answers to one visitor, each as one line. Nothing of it is kept."""
    with transaction.atomic():
        yield from _problems(world, visitor, cells)
        transaction.set_rollback(True)


def _problems(world: World, visitor: Visitor, cells: Iterable[Cell]) -> Iterator[str]:
    refused: list[Cell] = []
    allowed: list[Cell] = []
    for cell in cells:
        may = cell.row.verdict(visitor, cell.which, cell.method) is True
        (allowed if may and (cell.row.changes or cell.row.ends) else refused).append(cell)
    yield from _unchanging(world, visitor, refused)
    before = fingerprint()
    for cell in allowed:
        with transaction.atomic():
            _prepare(cell)
            begun = fingerprint() if cell.row.prepare else before
            yield from _wrong(visitor, cell, ask(world, visitor, cell))
            if cell.row.changes and fingerprint() == begun:
                yield f"{visitor}: {cell} was accepted, but nothing changed"
            transaction.set_rollback(True)


def _unchanging(world: World, visitor: Visitor, cells: list[Cell]) -> Iterator[str]:
    before = fingerprint()
    missing: dict[tuple[str, str], bytes] = {}
    for cell in sorted(cells, key=lambda cell: cell.which != "missing"):
        answer = ask(world, visitor, cell)
        yield from _wrong(visitor, cell, answer)
        if answer.code == 404:
            told = _OWN_TO_AN_ANSWER.sub(b"", answer.text)
            if missing.setdefault((cell.method, cell.path), told) != told:
                yield f"{visitor}: {cell} tells more than of a thing that does not exist"
    if fingerprint() == before:
        return
    for cell in cells:  # one by one, to name the one that did it
        before = fingerprint()
        ask(world, visitor, cell)
        if fingerprint() != before:
            yield f"{visitor}: {cell} was refused or only looked, and yet something changed"


def _wrong(visitor: Visitor, cell: Cell, answer: Answer) -> Iterator[str]:
    expected = cell.row.answer(visitor, cell.which, cell.method)
    if answer.code != expected:
        told = answer.location or answer.text[:200].decode(errors="replace").strip()
        yield f"{visitor}: {cell} answered {answer.code}, the table says {expected} ({told})"
    for mark in hidden_marks(visitor):
        if mark.encode() in answer.text:
            yield f"{visitor}: {cell} tells of {mark!r}, which is hidden from this visitor"


def hidden_marks(visitor: Visitor) -> Iterator[str]:
    stopped = bool(visitor.stopped)
    for which, name in NAMES.items():
        if stopped or not visitor.can("look", "site", which):
            yield name
    for ability, mark in (("operations", OPERATION_MARK), ("audit", ENTRY_MARK)):
        if stopped or not visitor.can_somewhere(ability):
            yield mark


def _prepare(cell: Cell) -> None:
    if cell.row.prepare == "idle":
        Operation.objects.active().update(status="failed")


def fingerprint() -> str:
    """Of all rows that only an accepted request may change."""
    found = hashlib.sha256()
    for model in apps.get_models(include_auto_created=True):
        if model.__name__ not in _TRACES:
            found.update(_rows(model).encode())
    return found.hexdigest()


def _rows(model: type[Model]) -> str:
    names = [one.attname for one in model._meta.concrete_fields if one.name not in _VOLATILE]
    return repr(list(model._base_manager.order_by("pk").values_list(*names)))


def refused_methods(
    world: World, visitor: Visitor, asked: Iterable[tuple[str, str]]
) -> Iterator[str]:
    """Those of the API that are answered otherwise than by 405."""
    for method, path in asked:
        address = re.sub(r"\{\w+\}", "1", path)
        answer = ask(world, visitor, Cell(method, path, Row(405), "own", address, {}))
        if answer.code != 405:
            yield f"{visitor}: {method.upper()} {path} answered {answer.code}, not 405"
