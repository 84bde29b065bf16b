"""The same questions over a socket: who gets in by what, which topics and which actions."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from monitoring.logs.registry import logs_of_this_loop
from provisioning.inventory import publish_rows
from provisioning.models import Operation
from provisioning.operations import VERBS
from provisioning.reach import publish_freshness
from siteflow.accounts import tickets
from siteflow.accounts.credentials import Credential, of_bearer
from siteflow.accounts.models import ApiToken, Login, Ticket
from siteflow.accounts.session_store import stored
from siteflow.accounts.tokens import digest
from sites.models import Container, Host
from tests.siteflow import permission_table as table
from tests.siteflow.matrix.asking import fingerprint, hidden_marks
from tests.siteflow.matrix.cells import WHICH, filled
from tests.siteflow.matrix.rows import Code, Row, Which
from tests.siteflow.matrix.visitors import Visitor
from tests.siteflow.matrix.world import World
from tests.siteflow.sockets import ANSWER_S, Socket, in_database

_CODES: Final = {"not_authenticated": 401, "forbidden": 403, "not_found": 404, "conflict": 409}
_EVIL: Final = b"http://evil.example"
_KEY: Final = re.compile(r"<int:\w+>")
_PLACE: Final = re.compile(r"\{\w+\}")
_OWN_TO_AN_ANSWER: Final = re.compile(r'"(timestamp|at)":\s*"[^"]*"')


def socket_of(world: World, visitor: Visitor, path: str = "/api/ws") -> Socket:
    cookie = next(iter(world.cookies[visitor.name].values()), "")
    bearer = world.headers[visitor.name].get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
    origin = {"origin": _EVIL} if visitor.forged or bearer else {}
    return Socket(path, cookie=cookie, bearer=bearer, **origin)


@asynccontextmanager
async def opened(socket: Socket) -> AsyncIterator[Code]:
    """200 for a socket that lives, else why not."""
    try:
        connected, code = await socket.connect(timeout=ANSWER_S)
        if not connected:
            yield 403 if code == 1000 else code
            return
        await socket.say(type="ping")
        first = await socket.hear()
        yield 401 if first.get("fatal") and await socket.close_code() == 4401 else 200
    finally:
        await socket.disconnect(timeout=ANSWER_S)


_numbers = itertools.count(1)


async def _asked(socket: Socket, kind: str, /, **message: Any) -> dict[str, Any]:
    """The answer to this very message."""
    number = next(_numbers)
    await socket.say(type=kind, id=number, **message)
    while (answer := await socket.hear()).get("id") != number:
        pass
    return {name: value for name, value in answer.items() if name != "id"}


def door(visitor: Visitor) -> Code:
    """Who is stopped for whatever reason has to log in; a foreign page gets nothing at all."""
    return 403 if visitor.forged else 401 if visitor.stopped else 200


async def problems_of(world: World, visitor: Visitor) -> AsyncIterator[str]:
    before = await in_database(fingerprint)
    socket = socket_of(world, visitor)
    async with opened(socket) as code:
        if code != door(visitor):
            yield f"{visitor}: a socket was answered {code}, the table says {door(visitor)}"
        elif code == 200:
            async for wrong in _inside(world, visitor, socket):
                yield wrong
    async for wrong in _presets(world, visitor):
        yield wrong
    async for wrong in _by_ticket(world, visitor):
        yield wrong
    if await in_database(fingerprint) != before:
        yield f"{visitor}: what was refused over the socket changed something all the same"


async def _inside(world: World, visitor: Visitor, socket: Socket) -> AsyncIterator[str]:
    for topic, row in table.TOPICS.items():
        async for wrong in _topic(world, visitor, socket, topic, row):
            yield wrong
    for name in table.VERBS:
        async for wrong in _verb(world, visitor, socket, name):
            yield wrong
    for kind, told in (("ping", "pong"), ("unsubscribe", "unsubscribed")):
        named = {"topic": "hosts"} if kind == "unsubscribe" else {}
        if (answer := await _asked(socket, kind, **named))["type"] != told:
            yield f"{visitor}: {kind} was answered {answer}"
    async for wrong in _pushes(world, visitor, socket):
        yield wrong


async def _topic(
    world: World, visitor: Visitor, socket: Socket, topic: str, row: Row
) -> AsyncIterator[str]:
    missing: Any = None
    for which in reversed(WHICH) if row.kind else WHICH[:1]:
        key = world.key(row.kind, which, visitor) if row.kind else ""
        answer = await _asked(socket, "subscribe", topic=f"{topic}{key}")
        code = 200 if answer["type"] == "subscribed" else _code(answer)
        for wrong in _wrong(visitor, f"subscribe {topic} ({which})", row, which, code, answer):
            yield wrong
        if code == 404:
            told = _OWN_TO_AN_ANSWER.sub("", json.dumps(answer))
            if (missing := missing or told) != told:
                yield f"{visitor}: {topic} ({which}) tells more than of what does not exist"


async def _verb(world: World, visitor: Visitor, socket: Socket, name: str) -> AsyncIterator[str]:
    """What is accepted and done at once is asked for over HTTP only, where it is rolled back."""
    verb = VERBS[name]
    target = verb.target_type if verb.target else ""
    row = table.VERBS[name].asked(target)
    for which in WHICH if target else WHICH[:1]:
        if verb.inline and row.verdict(visitor, which, "socket") is True:
            continue
        key = world.key(target, which, visitor) if target else None
        body = filled(table.body_of(name, key), world, target, which, key)
        waiting = await in_database(_set_aside) if row.prepare == "idle" else []
        answer = await _asked(socket, "action.start", **body)
        code = 202 if answer["type"] == "action.output" else _code(answer)
        for wrong in _wrong(visitor, f"action.start {name} ({which})", row, which, code, answer):
            yield wrong
        if code == 202:
            await socket.hear("subscribed")  # to what it has started
            await in_database(Operation.objects.filter(pk=answer["operation"]).delete)
        await in_database(Operation.objects.filter(pk__in=waiting).update, status="queued")


def _set_aside() -> list[int]:
    """What is under way on parts of a site would keep it busy."""
    keys = list(Operation.objects.active().values_list("pk", flat=True))
    Operation.objects.filter(pk__in=keys).update(status="failed")
    return keys


async def _pushes(world: World, visitor: Visitor, socket: Socket) -> AsyncIterator[str]:
    """Of two changes the socket tells those it may; the one it certainly may comes last."""
    seen: list[Which] = [which for which in WHICH[:2] if visitor.can("look", "container", which)]
    if not seen:
        return
    await _asked(socket, "subscribe", topic="containers")
    order = sorted(WHICH[:2], key=lambda which: which in seen)
    for which in order:
        await in_database(_published_age, world.keys["host", which])
    for which in order:
        await in_database(_published, world.keys["container", which])
    last = world.keys["container", order[-1]]
    told, hosts = set(), set()
    while last not in told:
        message = await socket.hear("containers.update")
        told |= {item["id"] for item in message["items"]}
        hosts |= set() if message["items"] else {message["host"]}
    if hosts != (near := {world.keys["host", which] for which in seen}):
        yield f"{visitor}: was told of the age of what is on {hosts}, may see something on {near}"
    expected = {world.keys["container", which] for which in seen}
    if told != expected:
        yield f"{visitor}: was told of the containers {told}, may see {expected}"


def _published_age(key: int) -> None:
    publish_freshness(Host.objects.get(pk=key))


def _published(key: int) -> None:
    row = Container.objects.get(pk=key)
    publish_rows(row.host, [key])


async def _presets(world: World, visitor: Visitor) -> AsyncIterator[str]:
    """Addresses that subscribe by themselves: the topics answer there as everywhere."""
    for route, topics in table.SOCKETS.items():
        if not topics and route not in table.LOGS:
            continue
        about = re.search(r"<int:(\w+)>", route)
        for which in WHICH if about else WHICH[:1]:
            key = world.key(about[1], which, visitor) if about else ""
            path = f"/{_KEY.sub(str(key), route)}"
            if topics:
                async for wrong in _preset(world, visitor, path, topics, which):
                    yield wrong
            else:
                async for wrong in _log(world, visitor, path, table.LOGS[route], which):
                    yield wrong


async def _log(
    world: World, visitor: Visitor, path: str, row: Row, which: Which
) -> AsyncIterator[str]:
    """It says at once what it follows, or why it follows nothing."""
    query = f"?containers={world.key('container', which, visitor)}" if path == "/ws/logs" else ""
    socket = socket_of(world, visitor, f"{path}{query}")
    try:
        if not (await socket.connect(timeout=ANSWER_S))[0]:
            return
        answer = await socket.hear()
        code = 200 if answer["type"] == "begin" else _code(answer)
        expected = row if not visitor.stopped else Row(401)
        for wrong in _wrong(visitor, f"{path}{query} ({which})", expected, which, code, answer):
            yield wrong
    finally:
        await socket.disconnect(timeout=ANSWER_S)
        logs_of_this_loop().close()


async def _preset(
    world: World, visitor: Visitor, path: str, topics: tuple[str, ...], which: Which
) -> AsyncIterator[str]:
    socket = socket_of(world, visitor, path)
    try:
        if not (await socket.connect(timeout=ANSWER_S))[0]:
            return
        for topic in topics:
            row = table.TOPICS[_PLACE.sub("", topic)]
            answer = await socket.hear()
            code = 200 if answer["type"] == "subscribed" else _code(answer)
            expected = row if not visitor.stopped else Row(401)
            for wrong in _wrong(visitor, f"{path} ({which})", expected, which, code, answer):
                yield wrong
            if answer.get("fatal"):  # it is about a thing that there is not, for this visitor
                break
    finally:
        await socket.disconnect(timeout=ANSWER_S)


async def _by_ticket(world: World, visitor: Visitor) -> AsyncIterator[str]:
    """A ticket lets in whom it was given to, from anywhere and once."""
    if visitor.way == "none" or visitor.stopped == "nobody" or visitor.forged:
        return
    text = await in_database(_ticket, world, visitor)
    expected = [200 if not visitor.stopped else 401, 401]
    found = []
    for _ in expected:
        async with opened(Socket(f"/api/ws?ticket={text}", origin=_EVIL)) as code:
            found.append(code)
    if found != expected:
        yield f"{visitor}: a ticket used twice was answered {found}, the table says {expected}"
    if not visitor.stopped:
        async for wrong in _by_old_tickets(world, visitor):
            yield wrong


async def _by_old_tickets(world: World, visitor: Visitor) -> AsyncIterator[str]:
    """One that has expired, and those of what was ended since."""
    for kind in ("", "token", "login"):
        text = await in_database(_old_ticket, world, visitor, kind)
        async with opened(Socket(f"/api/ws?ticket={text}")) as code:
            if code != 401:
                yield f"{visitor}: an old ticket ({kind or 'expired'}) was answered {code}"
        await in_database(_renew, world, visitor)


def _old_ticket(world: World, visitor: Visitor, kind: str) -> str:
    """Of one of the account's spare ways in; "": only the ticket itself is too old."""
    way = kind or "login"
    text = tickets.issue(Credential(way, str(world.keys[way, visitor.account])))
    past = timezone.now() - timedelta(minutes=1)
    if kind == "token":
        ApiToken.objects.filter(pk=world.keys["token", visitor.account]).update(revoked_at=past)
    elif kind == "login":
        Login.objects.filter(pk=world.keys["login", visitor.account]).update(ended_at=past)
    else:
        Ticket.objects.filter(digest=digest(text)).update(expires_at=past)
    return text


def _renew(world: World, visitor: Visitor) -> None:
    ApiToken.objects.filter(pk=world.keys["token", visitor.account]).update(revoked_at=None)
    Login.objects.filter(pk=world.keys["login", visitor.account]).update(ended_at=None)


def _ticket(world: World, visitor: Visitor) -> str:
    if visitor.way == "session":
        key = stored(next(iter(world.cookies[visitor.name].values())))
        assert Login.objects.filter(session_key=key).exists()
        return tickets.issue(Credential("session", key))
    bearer = world.headers[visitor.name]["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    return tickets.issue(of_bearer(bearer, address=None)[0])


def _code(answer: dict[str, Any]) -> Code:
    code: str = answer.get("code", answer["type"])
    return _CODES.get(code, code)


def _wrong(
    visitor: Visitor, asked: str, row: Row, which: Which, code: Code, answer: dict[str, Any]
) -> Iterator[str]:
    expected = row.status if row.status == 401 else row.answer(visitor, which, "socket")
    if code != expected:
        yield f"{visitor}: {asked} answered {code}, the table says {expected} ({answer})"
    text = json.dumps(answer)
    for mark in hidden_marks(visitor):
        if mark in text:
            yield f"{visitor}: {asked} tells of {mark!r}, which is hidden from this visitor"
