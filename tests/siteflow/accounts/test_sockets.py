"""Sockets open by a ticket, a token or the session, and close when that ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from siteflow import sessions
from siteflow.accounts import tickets
from siteflow.accounts.credentials import Credential
from siteflow.accounts.models import ApiToken, Login, Ticket
from siteflow.feed import FeedLayer
from tests.people import logged_in
from tests.provisioning.rows import make_container, make_host
from tests.siteflow.accounts.ways import by, token_login
from tests.siteflow.loops import in_loop
from tests.siteflow.sockets import ANSWER_S, Socket, in_database, session_of
from tests.siteflow.test_hub import installed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("layer")]
EVIL = b"http://evil.example"


@pytest.fixture
def layer(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.ALLOWED_HOSTS = ["testserver"]
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    with installed(FeedLayer(path=tmp_path / "feed.sqlite3", bus=tmp_path / "bus", poll_s=0.05)):
        yield


def api_token(user: User, **given: Any) -> str:
    body = {"name": "watch", "scopes": ["read"], **given}
    answer = logged_in(user).post("/api/tokens", body, "application/json")
    return str(answer.json()["token"])


def access_of(user: User) -> dict[str, str]:
    found: dict[str, str] = token_login(Client(), user.username).json()
    return found


def ticket_by(client: Client) -> str:
    return str(client.post("/api/auth/ws-ticket").json()["ticket"])


@asynccontextmanager
async def opened(path: str = "/api/ws", **given: Any) -> AsyncIterator[Socket]:
    socket = Socket(path, **given)
    assert (await socket.connect(timeout=ANSWER_S))[0]
    try:
        yield socket
    finally:
        await socket.disconnect(timeout=ANSWER_S)


async def lets_in(socket: Socket) -> bool:
    assert (await socket.ask("subscribe", topic="hosts"))["type"] == "subscribed"
    return True


async def is_refused(path: str = "/api/ws", **given: Any) -> bool:
    socket = Socket(path, **given)
    assert (await socket.connect(timeout=ANSWER_S))[0]
    assert (await socket.hear())["code"] == "not_authenticated"
    return await socket.close_code() == 4401


# -- by what it opens ------------------------------------------------------------------------


@in_loop
async def test_an_api_token_opens_it_from_anywhere(bob: User) -> None:
    text = await in_database(api_token, bob)
    for origin in (None, EVIL):
        async with opened(bearer=text, origin=origin) as socket:
            assert await lets_in(socket)


@in_loop
async def test_an_access_token_opens_it(bob: User) -> None:
    pair = await in_database(access_of, bob)
    async with opened(bearer=pair["access"], origin=None) as socket:
        assert await lets_in(socket)
    assert await is_refused(bearer=pair["refresh"], origin=None)


@in_loop
async def test_a_ticket_opens_one_socket_once(bob: User) -> None:
    text = await in_database(lambda: ticket_by(logged_in(bob)))
    async with opened(f"/api/ws?ticket={text}", origin=EVIL) as socket:
        assert await lets_in(socket)
    assert await is_refused(f"/api/ws?ticket={text}", origin=EVIL)


@in_loop
async def test_a_ticket_by_each_kind_of_login(bob: User) -> None:
    token = await in_database(api_token, bob)
    access = (await in_database(access_of, bob))["access"]
    for text in (token, access):
        ticket = await in_database(lambda text=text: ticket_by(by(text)))
        async with opened(f"/api/ws?ticket={ticket}", origin=None) as socket:
            assert await lets_in(socket)


@in_loop
async def test_a_ticket_lasts_thirty_seconds(bob: User) -> None:
    text = await in_database(lambda: ticket_by(logged_in(bob)))
    left = (await in_database(Ticket.objects.get)).expires_at - timezone.now()
    assert timedelta(seconds=25) < left <= timedelta(seconds=30)
    past = timezone.now() - timedelta(seconds=1)
    await in_database(lambda: Ticket.objects.update(expires_at=past))
    assert await is_refused(f"/api/ws?ticket={text}")


@in_loop
async def test_a_bad_ticket_or_token_is_not_made_up_for_by_the_cookie(bob: User) -> None:
    """Else another origin could use the cookie by adding any ticket."""
    cookie = await in_database(session_of, bob)
    assert await is_refused("/api/ws?ticket=guessed", cookie=cookie, origin=EVIL)
    assert await is_refused("/api/ws", bearer="guessed", cookie=cookie, origin=EVIL)


@in_loop
async def test_with_the_cookie_the_origin_still_counts(bob: User) -> None:
    cookie = await in_database(session_of, bob)
    for path in ("/api/ws", "/api/ws?ticket="):
        assert (await Socket(path, cookie=cookie, origin=EVIL).connect())[0] is False


def test_of_many_that_use_a_ticket_at_once_one_gets_in(bob: User) -> None:
    login = Login.objects.create(
        user=bob, kind="program", created_at=timezone.now(),
        last_seen_at=timezone.now(), expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    text = tickets.issue(Credential("login", str(login.pk)))
    start = Barrier(6)

    def use() -> bool:
        start.wait(10)
        try:
            return tickets.use(text) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        used = [pool.submit(use) for _ in range(6)]
    assert sum(one.result() for one in used) == 1
    assert tickets.use(text) is None


@in_loop
async def test_a_token_s_ceiling_holds_on_the_socket(alice: User) -> None:
    container = await in_database(lambda: make_container(make_host("web1", host_key="")))
    start = {"kind": "container.stop", "target_type": "container", "target_id": container.pk}
    for scopes, answer in ((["read"], "forbidden"), (["read", "operate"], None)):
        text = await in_database(lambda scopes=scopes: api_token(alice, scopes=scopes))
        async with opened(bearer=text, origin=None) as socket:
            said = await socket.ask("action.start", **start)
            assert said.get("code") == answer, said


def test_a_login_that_just_ended_gets_no_ticket(bob: User) -> None:
    client = logged_in(bob)
    Login.objects.update(ended_at=timezone.now())
    answer = client.post("/api/auth/ws-ticket")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_refused")


# -- when it closes --------------------------------------------------------------------------


def revoke_tokens(bob: User) -> None:
    ApiToken.objects.update(revoked_at=timezone.now())


def expire_tokens(bob: User) -> None:
    ApiToken.objects.update(expires_at=timezone.now())


def disable(bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)


def new_password(bob: User) -> None:
    bob.set_password("another one 7")
    bob.save()


def end_logins(bob: User) -> None:
    Login.objects.update(ended_at=timezone.now())


@pytest.mark.parametrize("change", [revoke_tokens, expire_tokens, disable, new_password])
@in_loop
async def test_a_token_s_socket_closes(
    bob: User, change: Callable[[User], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "CHECK_EVERY_S", 0.1)
    text = await in_database(api_token, bob)
    async with opened(bearer=text, origin=None) as socket:
        await lets_in(socket)
        await in_database(change, bob)
        assert (await socket.hear("error"))["code"] == "session_ended"
        assert await socket.close_code() == 4401


@pytest.mark.parametrize("change", [end_logins, disable, new_password])
@in_loop
async def test_a_program_s_socket_closes(
    bob: User, change: Callable[[User], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "CHECK_EVERY_S", 0.1)
    pair = await in_database(access_of, bob)
    async with opened(bearer=pair["access"], origin=None) as socket:
        await lets_in(socket)
        await in_database(change, bob)
        assert (await socket.hear("error"))["code"] == "session_ended"


def test_it_is_looked_at_often_enough() -> None:
    assert sessions.CHECK_EVERY_S + 0.5 < 5
