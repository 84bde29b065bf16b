"""Ways to reach a terminal without the right to it. None of them begins a process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.utils import timezone

from audit.models import Entry
from provisioning.terminals.models import TerminalSession
from siteflow.accounts import tickets, tokens
from siteflow.accounts.credentials import Credential
from siteflow.accounts.models import ApiToken, Profile, Ticket
from siteflow.accounts.session_store import stored
from sites.models import Container, Grant, Host
from tests.people import person
from tests.provisioning.rows import COMMAND
from tests.provisioning.terminal_rows import make_terminal
from tests.siteflow.loops import in_loop
from tests.siteflow.sockets import ANSWER_S, in_database, session_of
from tests.siteflow.terminals.rooms import Room, Seat, room, seat, settled

__all__ = ["room"]
pytestmark = pytest.mark.django_db(transaction=True)
START = '{"type":"start"}'
EXEC = "/ws/containers/{container}/exec"
FOREIGN = "/ws/containers/{foreign}/exec"
ON_HOST = "/ws/hosts/{host}/terminal"
WATCH = "/ws/terminals/{terminal}/watch"


# -- who comes ---------------------------------------------------------------------------------


def nobody(room: Room) -> dict[str, Any]:
    return {}


def of(name: str) -> Callable[[Room], dict[str, Any]]:
    """By the session of one of the cast."""
    return lambda room: {"cookie": session_of(person(name))}


def operator_of_another_site(room: Room) -> dict[str, Any]:
    user = User.objects.create(username="elsewhere")
    role = Group.objects.get(name="operator")
    Grant.objects.create(role=role, user=user, site=room.other_site)
    return {"cookie": session_of(user)}


def operator_of_this_site(room: Room) -> dict[str, Any]:
    user = User.objects.create(username="here")
    Grant.objects.create(role=Group.objects.get(name="operator"), user=user, site=room.site)
    return {"cookie": session_of(user)}


def admin_of_this_site(room: Room) -> dict[str, Any]:
    user = User.objects.create(username="lord")
    Grant.objects.create(role=Group.objects.get(name="admin"), user=user, site=room.site)
    return {"cookie": session_of(user)}


def with_right_but_blind(room: Room) -> dict[str, Any]:
    """Holds the right, but does not see any container."""
    user = User.objects.create(username="blind")
    user.user_permissions.add(Permission.objects.get(codename="exec_container"))
    return {"cookie": session_of(user)}


def admin_without(codename: str) -> Callable[[Room], dict[str, Any]]:
    def come(room: Room) -> dict[str, Any]:
        Group.objects.get(name="admin").permissions.remove(
            Permission.objects.get(codename=codename)
        )
        return of("admin")(room)

    return come


def token(*scopes: str, **changes: Any) -> Callable[[Room], dict[str, Any]]:
    def come(room: Room) -> dict[str, Any]:
        row, text = tokens.make(
            person("admin"), name="one", scopes=scopes, expires_at=None, actor=COMMAND
        )
        ApiToken.objects.filter(pk=row.pk).update(**changes)
        return {"bearer": text, "origin": None}

    return come


def from_elsewhere(origin: bytes | None) -> Callable[[Room], dict[str, Any]]:
    return lambda room: {**of("admin")(room), "origin": origin}


def logged_out(room: Room) -> dict[str, Any]:
    from importlib import import_module

    from django.conf import settings

    given = of("admin")(room)
    import_module(settings.SESSION_ENGINE).SessionStore(given["cookie"]).delete()
    return given


def disabled(room: Room) -> dict[str, Any]:
    given = of("admin")(room)
    User.objects.filter(username="admin").update(is_active=False)
    return given


def must_change_password(room: Room) -> dict[str, Any]:
    Profile.objects.create(user=person("admin"), must_change_password=True)
    return of("admin")(room)


def role_taken_away(room: Room) -> dict[str, Any]:
    given = of("alice")(room)
    person("alice").groups.clear()
    return given


def ticket_of(name: str) -> str:
    cookie = session_of(person(name))
    return tickets.issue(Credential("session", stored(cookie)))


def used_ticket(room: Room) -> dict[str, Any]:
    text = ticket_of("admin")
    assert tickets.use(text) is not None
    return {"query": f"?ticket={text}"}


def old_ticket(room: Room) -> dict[str, Any]:
    text = ticket_of("admin")
    Ticket.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    return {"query": f"?ticket={text}"}


def ticket_of_viewer(room: Room) -> dict[str, Any]:
    return {"query": f"?ticket={ticket_of('bob')}"}


def turned_off(room: Room) -> dict[str, Any]:
    Host.objects.update(terminals="off")
    return of("admin")(room)


def mighty(name: Callable[[Room], dict[str, Any]]) -> Callable[[Room], dict[str, Any]]:
    """In the container of this one, the host is commanded."""

    def come(room: Room) -> dict[str, Any]:
        room.fake.mighty.add("shop-web-1")
        return name(room)

    return come


def on_this_machine(room: Room) -> dict[str, Any]:
    """Admin of the host, which is SiteFlow's own machine: its shell would read everything."""
    user = User.objects.create(username="keeper")
    Host.objects.update(connection="local")
    Grant.objects.create(role=Group.objects.get(name="admin"), user=user, host=room.host)
    return {"cookie": session_of(user)}


def stopped(room: Room) -> dict[str, Any]:
    Container.objects.update(state="exited")
    return of("admin")(room)


WAYS: dict[str, tuple[str, Callable[[Room], dict[str, Any]], list[str | bytes]]] = {
    "no login": (EXEC, nobody, [START]),
    "no login, on the host": (ON_HOST, nobody, [START]),
    "no login, looking on": (WATCH, nobody, []),
    "no role": (EXEC, of("charlie"), [START]),
    "no role, looking on": (WATCH, of("charlie"), []),
    "viewer": (EXEC, of("bob"), [START]),
    "viewer, on the host": (ON_HOST, of("bob"), [START]),
    "viewer, looking on": (WATCH, of("bob"), []),
    "viewer, typing at once": (EXEC, of("bob"), [b"id\n", START, b"id\n"]),
    "viewer, another frame first": (EXEC, of("bob"), ['{"type":"ping"}', START, START]),
    "operator, on the host": (ON_HOST, of("alice"), [START]),
    "operator of another site": (EXEC, operator_of_another_site, [START]),
    "operator of another site, looking on": (WATCH, operator_of_another_site, []),
    "operator of this site, a foreign container": (FOREIGN, operator_of_this_site, [START]),
    "operator of this site, on the host": (ON_HOST, operator_of_this_site, [START]),
    "admin of this site, on the host": (ON_HOST, admin_of_this_site, [START]),
    "admin of a host that is this machine": (ON_HOST, on_this_machine, [START]),
    "the right without seeing the container": (EXEC, with_right_but_blind, [START]),
    "admin without the right": (EXEC, admin_without("exec_container"), [START]),
    "admin without the right, looking on": (WATCH, admin_without("exec_container"), []),
    "the right for containers, on the host": (ON_HOST, admin_without("open_terminal"), [START]),
    "operator, where the container commands the host": (EXEC, mighty(of("alice")), [START]),
    "admin of the site, the same": (EXEC, mighty(admin_of_this_site), [START]),
    "id of another container in the message": (
        EXEC, of("bob"), ['{"type":"start","container":1}', '{"type":"start","key":1}', START],
    ),
    "token to operate": (EXEC, token("read", "operate", "manage", "audit", "accounts"), [START]),
    "token to operate, on the host": (ON_HOST, token("read", "operate", "manage"), [START]),
    "token to operate, looking on": (WATCH, token("read", "operate", "manage"), []),
    "token that may not read": (EXEC, token("terminal"), [START]),
    "revoked token": (EXEC, token("read", "terminal", revoked_at=timezone.now()), [START]),
    "expired token": (EXEC, token("read", "terminal", expires_at=timezone.now()), [START]),
    "made-up token": (EXEC, lambda room: {"bearer": "sf_" + "x" * 43, "origin": None}, [START]),
    "another origin": (EXEC, from_elsewhere(b"http://evil.example"), [START]),
    "another port": (EXEC, from_elsewhere(b"http://testserver:8443"), [START]),
    "no origin": (EXEC, from_elsewhere(None), [START]),
    "an origin that is none": (EXEC, from_elsewhere(b"null"), [START]),
    "logged out": (EXEC, logged_out, [START]),
    "disabled account": (EXEC, disabled, [START]),
    "a password to be changed first": (EXEC, must_change_password, [START]),
    "role taken away after the login": (EXEC, role_taken_away, [START]),
    "used ticket": (EXEC, used_ticket, [START]),
    "expired ticket": (EXEC, old_ticket, [START]),
    "a viewer's ticket": (EXEC, ticket_of_viewer, [START]),
    "made-up ticket": (EXEC, lambda room: {"query": "?ticket=" + "x" * 43}, [START]),
    "turned off for the host": (EXEC, turned_off, [START]),
    "turned off, on the host": (ON_HOST, turned_off, [START]),
    "a container that does not run": (EXEC, stopped, [START]),
    "a container that does not exist": ("/ws/containers/999999/exec", of("admin"), [START]),
    "a number beyond all": ("/ws/containers/" + "9" * 40 + "/exec", of("admin"), [START]),
    "no number": ("/ws/containers/shop-web-1/exec", of("admin"), [START]),
    "a path that leads elsewhere": (
        "/ws/containers/{container}/../{foreign}/exec", operator_of_this_site, [START],
    ),
    "a path written otherwise": (
        "/ws/containers/%2e%2e/{foreign}/exec", operator_of_this_site, [START],
    ),
    "more behind the path": (EXEC + "/", of("bob"), [START]),
    "a terminal that is over": ("/ws/terminals/999999/watch", of("admin"), []),
}  # fmt: skip


def test_there_are_many_ways() -> None:
    assert len(WAYS) >= 40


def prepared(
    room: Room, path: str, come: Callable[[Room], dict[str, Any]]
) -> tuple[str, dict[str, Any]]:
    terminal = make_terminal(room.container)
    given = come(room)
    names = {"container": room.container.pk, "foreign": room.other.pk, "host": room.host.pk,
             "terminal": terminal.pk}  # fmt: skip
    return path.format(**names) + given.pop("query", ""), given


@pytest.mark.parametrize("way", WAYS)
@in_loop
async def test_none_of_them_succeeds(room: Room, way: str) -> None:
    path, come, frames = WAYS[way]
    where, given = await in_database(prepared, room, path, come)
    one = Seat(where, **given)
    connected, _ = await one.connect(timeout=ANSWER_S)
    said = []
    if connected:
        for frame in frames:
            text = {"bytes_data": frame} if isinstance(frame, bytes) else {"text_data": frame}
            await one.send_to(**text)
        while (message := await one.next())["type"] != "gone":
            said.append(message)
        assert message["close"] in (4400, 4401, 4403, 4404), message
    await one.disconnect(timeout=ANSWER_S)
    assert not {told["type"] for told in said} & {"started", "watching"}
    assert one.shown == b""
    assert room.fake.terminals == []
    assert await in_database(TerminalSession.objects.count) == 1  # the one that is there anyway
    intents = Entry.objects.filter(action__in=("container.exec", "host.terminal"), phase="intent")
    assert await in_database(intents.count) == 0


# -- rights that go while it is open -----------------------------------------------------------


def drop_role(user: User) -> None:
    user.groups.clear()


def drop_right(user: User) -> None:
    permission = Permission.objects.get(codename="exec_container")
    Group.objects.get(name="operator").permissions.remove(permission)


def disable(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize("taking", [drop_role, drop_right, disable])
@in_loop
async def test_a_right_that_goes_ends_what_is_open(
    alice: User, room: Room, taking: Callable[[User], None]
) -> None:
    async with seat(alice, room.path) as one:
        await one.begin()
        await in_database(taking, alice)
        told = await one.hear_of("error")
        assert told["code"] in ("forbidden", "session_ended") and told["fatal"]
    assert room.terminal.code == 137


@pytest.mark.parametrize("taking", [drop_role, drop_right, disable])
@in_loop
async def test_a_right_that_goes_before_the_start_starts_nothing(
    alice: User, room: Room, monkeypatch: pytest.MonkeyPatch, taking: Callable[[User], None]
) -> None:
    monkeypatch.setattr("siteflow.sessions.CHECK_EVERY_S", 600.0)
    async with seat(alice, room.path) as one:
        await one.say(type="ping")
        await one.hear_of("pong")
        await in_database(taking, alice)
        assert (await one.begin())["type"] == "error"
    assert room.fake.terminals == []


@in_loop
async def test_who_may_not_look_on_any_more_sees_no_more(
    alice: User, admin: User, room: Room
) -> None:
    async with seat(alice, room.path) as one:
        started = await one.begin()
        async with seat(admin, f"/ws/terminals/{started['session']}/watch", looks_on=True) as two:
            await two.hear_of("watching")
            await in_database(admin.groups.clear)
            assert (await two.hear_of("error"))["code"] in ("forbidden", "session_ended")


# -- who may -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "come"),
    [
        (EXEC, operator_of_this_site),
        (EXEC, of("alice")),
        (EXEC, mighty(of("admin"))),
        (EXEC, token("read", "terminal")),
        (EXEC, lambda room: {"query": f"?ticket={ticket_of('alice')}", "origin": None}),
        (ON_HOST, of("admin")),
        (ON_HOST, token("read", "terminal")),
    ],
    ids=["operator of the site", "operator", "mighty", "token", "ticket", "host", "host by token"],
)
@in_loop
async def test_who_holds_the_right_gets_in(
    room: Room, path: str, come: Callable[[Room], dict[str, Any]]
) -> None:
    where, given = await in_database(prepared, room, path, come)
    one = Seat(where, **given)
    assert (await one.connect(timeout=ANSWER_S))[0]
    assert (await one.begin())["type"] == "started"
    await one.disconnect(timeout=ANSWER_S)
    await in_database(lambda: TerminalSession.objects.filter(mark="f" * 32).delete())
    await in_database(settled)
