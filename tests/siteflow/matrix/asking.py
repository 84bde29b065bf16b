"""Asks every question of the table and collects each answer that is not the expected one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model
from django.test import RequestFactory
from django.test.client import ClientHandler

from tests.siteflow.matrix.hidden import COMPARED, TELLS_OF_ALL, add_hidden, untouchable
from tests.siteflow.matrix.preparing import prepared
from tests.siteflow.matrix.rows import Code, Row, Which
from tests.siteflow.matrix.visitors import Visitor
from tests.siteflow.matrix.working import worked
from tests.siteflow.matrix.world import ENTRY_MARK, LISTED, NAMES, OPERATION_MARK, World

_CSRF: Final = "c" * 32
_VOLATILE: Final = {"last_seen_at", "last_used_at", "last_used_from", "last_login"}
# Where refusals themselves leave traces, as they should.
_TRACES: Final = {"Session", "Entry", "Head", "Attempts", "Ticket", "Anchor", "Look"}
# What differs from one answer to the next: numbers of requests and times.
_OWN_TO_AN_ANSWER: Final = re.compile(
    rb'"timestamp":\s*"[^"]*"|[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
    rb"|data-csrf-token=\"[^\"]*\"|name=\"csrfmiddlewaretoken\" value=\"[^\"]*\""
)
_OWN_TO_A_MOMENT: Final = re.compile(
    rb"\d{4}-\d\d-\d\d[T ][\d:.]+(\+00:00|Z| UTC)?|\b\d+ (s|min)\b"
    rb"|(?<=_(age|lag))_seconds(\{[^}]*\})? [\d.]+|(?<=queue_wait)_seconds [\d.]+"
    rb'|"age_s":\s*\d+'
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
        asked = "" if not self.row.query else f" {self.address.partition('?')[2]}"
        return f"{self.method.upper()} /{self.path.lstrip('/')}{asked}{thing}"


@dataclass(frozen=True)
class Answer:
    code: Code
    text: bytes
    location: str = ""


Told = dict[int, bytes]  # what was answered to the cells that only look
_handler = ClientHandler(enforce_csrf_checks=True)


class Browser(RequestFactory):
    """Django's test client without its look into templates, which takes longer than the answer."""

    def request(self, **request: Any) -> Any:
        environ: Any = self
        return _handler(environ._base_environ(**request))


def ask(world: World, visitor: Visitor, cell: Cell) -> Answer:
    if cell.method == "work":
        return Answer(worked(world.people[visitor.account], cell.address, cell.content), b"")
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
        by_itself = cell.row.changes or cell.row.ends or cell.row.prepare
        (allowed if may and by_itself else refused).append(cell)
    told: Told = {}
    yield from _unchanging(world, visitor, refused, told)
    yield from _unmoved(world, visitor, refused, told)
    before, kept = fingerprint(), untouchable(visitor)
    for cell in allowed:
        with transaction.atomic(), prepared(cell.row.prepare):
            begun, taken = before, kept
            if cell.row.prepare:
                begun, taken = fingerprint(), untouchable(visitor)
            yield from _wrong(visitor, cell, ask(world, visitor, cell))
            if not cell.row.ends and (fingerprint() != begun) != cell.row.changes:
                word = "nothing" if cell.row.changes else "something"
                yield f"{visitor}: {cell} was answered, but {word} changed"
            if more := untouchable(visitor) - taken:
                yield f"{visitor}: {cell} changed what this visitor may not: {more}"
            transaction.set_rollback(True)


def _unchanging(world: World, visitor: Visitor, cells: list[Cell], looks: Told) -> Iterator[str]:
    before = fingerprint()
    missing: dict[tuple[str, str], bytes] = {}
    with transaction.atomic():
        for cell in sorted(cells, key=lambda cell: cell.which != "missing"):
            answer = ask(world, visitor, cell)
            yield from _wrong(visitor, cell, answer)
            if cell.method == "get" and answer.code == 200:
                looks[id(cell)] = _read_at_any_time(answer)
            if answer.code == 404:
                told = _OWN_TO_AN_ANSWER.sub(b"", answer.text)
                if missing.setdefault((cell.method, cell.path), told) != told:
                    yield f"{visitor}: {cell} tells more than of a thing that does not exist"
        if fingerprint() == before:
            return
        transaction.set_rollback(True)  # what is done already would change nothing once more
    names = [str(cell) for cell in cells if _changes(world, visitor, cell, before)]
    yield f"{visitor}: something changed, although it was refused or only looked at: {names}"


def _changes(world: World, visitor: Visitor, cell: Cell, before: str) -> bool:
    with transaction.atomic():
        ask(world, visitor, cell)
        changed = fingerprint() != before
        transaction.set_rollback(True)
    return changed


def _unmoved(world: World, visitor: Visitor, cells: list[Cell], looks: Told) -> Iterator[str]:
    """What a visitor may not see changes nothing for this visitor: no line and no number."""
    if visitor.name not in COMPARED:
        return
    differ = []
    with transaction.atomic():
        add_hidden(world, visitor)
        for cell in cells:
            if id(cell) not in looks or cell.path in TELLS_OF_ALL:
                continue
            again = _read_at_any_time(ask(world, visitor, cell))
            if again != looks[id(cell)]:
                differ.append((cell, again))
        transaction.set_rollback(True)
    for cell, again in differ:  # what was refused since may have left its traces
        now = _read_at_any_time(ask(world, visitor, cell))
        if again != now:
            told = _first_difference(now, again)
            yield f"{visitor}: {cell} tells of what is hidden from this visitor: {told}"


def _read_at_any_time(answer: Answer) -> bytes:
    """Rows may have changed places: what was used last comes first."""
    text = _OWN_TO_A_MOMENT.sub(b"", _OWN_TO_AN_ANSWER.sub(b"", answer.text))
    return b"\n".join(sorted(line.strip() for line in text.splitlines()))


def _first_difference(before: bytes, after: bytes) -> str:
    lines, others = before.splitlines(), after.splitlines()
    gone = next((one for one in lines if one not in others), b"")
    came = next((one for one in others if one not in lines), b"")
    return " -> ".join(one.decode(errors="replace")[:120] for one in (gone, came))


def _wrong(visitor: Visitor, cell: Cell, answer: Answer) -> Iterator[str]:
    expected = cell.row.answer(visitor, cell.which, cell.method)
    words = (code for text, code in cell.row.told if text.encode() in answer.text)
    if (code := next(words, answer.code)) != expected:
        told = answer.location or _title(answer.text)
        yield f"{visitor}: {cell} answered {code}, the table says {expected} ({told})"
    for mark in hidden_marks(visitor):
        if mark.encode() in answer.text:
            yield f"{visitor}: {cell} tells of {mark!r}, which is hidden from this visitor"


def _title(text: bytes) -> str:
    """Of a page, else how the answer begins."""
    found = re.search(rb"<title>(.*?)</title>", text, re.DOTALL)
    return (found[1] if found else text[:200]).decode(errors="replace").strip()


def hidden_marks(visitor: Visitor) -> Iterator[str]:
    stopped = bool(visitor.stopped)
    if not stopped and visitor.can("see_accounts") and not visitor.can("look"):
        yield from LISTED  # it may read what others hold, and where
        return
    for which, name in NAMES.items():
        if stopped or not visitor.can("look", "site", which):
            yield name
    for ability, mark in (("operations", OPERATION_MARK), ("audit", ENTRY_MARK)):
        if stopped or not visitor.can_somewhere(ability):
            yield mark


def fingerprint() -> str:
    """Of all rows that only an accepted request may change."""
    found = hashlib.sha256()
    with connection.cursor() as cursor:  # past the ORM: this is asked thousands of times
        for model in apps.get_models(include_auto_created=True):
            if model.__name__ not in _TRACES:
                cursor.execute(_all_rows(model))
                found.update(repr(cursor.fetchall()).encode())
    return found.hexdigest()


@cache
def _all_rows(model: type[Model]) -> str:
    names = [one.attname for one in model._meta.concrete_fields if one.name not in _VOLATILE]
    return str(model._base_manager.order_by("pk").values_list(*names).query)


def refused_methods(
    world: World, visitor: Visitor, asked: Iterable[tuple[str, str]]
) -> Iterator[str]:
    """Those of the API that are answered otherwise than by 405."""
    for method, path in asked:
        address = re.sub(r"\{\w+\}", "1", path)
        answer = ask(world, visitor, Cell(method, path, Row(405), "own", address, {}))
        if answer.code != 405:
            yield f"{visitor}: {method.upper()} {path} answered {answer.code}, not 405"
