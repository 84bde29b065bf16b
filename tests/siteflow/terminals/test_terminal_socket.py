"""A terminal's socket as a client meets it."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from audit.models import Entry
from provisioning.drivers.errors import DriverError
from provisioning.terminals import recording
from provisioning.terminals.models import TerminalSession
from sites.models import Host
from tests.lab.command import wait_until
from tests.siteflow.loops import in_loop
from tests.siteflow.sockets import in_database
from tests.siteflow.terminals.rooms import Room, room, seat

__all__ = ["room"]
pytestmark = pytest.mark.django_db(transaction=True)


def entries() -> list[tuple[str, str, str]]:
    rows = Entry.objects.filter(action__in=("container.exec", "host.terminal")).order_by("id")
    return list(rows.values_list("action", "phase", "status"))


def cast_of(session: int) -> list[list[object]]:
    row = TerminalSession.objects.get(pk=session)
    head, *lines = "".join(recording.cast(row)).splitlines()
    assert json.loads(head)["version"] == 2
    return [json.loads(line) for line in lines]


@in_loop
async def test_bytes_both_ways_and_an_end_on_record(alice: User, room: Room) -> None:
    everything = bytes(range(256))
    async with seat(alice, room.path) as one:
        started = await one.begin(cols=90, rows=30)
        assert (started["type"], started["shell"]) == ("started", "/bin/sh")
        assert await in_database(entries) == [("container.exec", "intent", "accepted")]
        await one.type(everything)
        await one.see(everything)
        await one.say(type="resize", cols=100, rows=40)
        await one.say(type="ping")
        await one.hear_of("pong")
        room.terminal.exit(3)
        ended = await one.hear_of("ended")
        assert (ended["exit_code"], ended["why"]) == (3, "exited")
        assert (await one.next()) == {"type": "gone", "close": 1000}
    assert room.terminal.size == (100, 40)
    row = await in_database(TerminalSession.objects.get)
    assert (row.bytes_in, row.bytes_out, row.exit_code) == (256, 256, 3)
    assert await in_database(entries) == [
        ("container.exec", "intent", "accepted"),
        ("container.exec", "outcome", "succeeded"),
    ]
    outcome = await in_database(Entry.objects.filter(phase="outcome").get)
    assert outcome.after["exit_code"] == 3 and outcome.after["terminal"] == row.pk
    assert outcome.duration_ms > 0
    kinds = [kind for _, kind, _ in await in_database(cast_of, row.pk)]
    assert "o" in kinds and "r" in kinds and "i" not in kinds


@in_loop
async def test_who_leaves_takes_the_process_along(alice: User, room: Room) -> None:
    async with seat(alice, room.path) as one:
        await one.begin()
    assert room.terminal.code == 137  # its screen was an echo: it would never have ended
    row = await in_database(TerminalSession.objects.get)
    assert (row.why, row.left_over) == ("left", False)


@in_loop
async def test_a_process_that_cannot_be_ended_is_left_over(alice: User, room: Room) -> None:
    async with seat(alice, room.path) as one:
        await one.begin()
        room.fake.fail("exec_state", DriverError("web1: gone", "link_lost"))
    row = await in_database(TerminalSession.objects.get)
    assert (row.left_over, row.why) == (True, "left")
    outcome = await in_database(Entry.objects.filter(phase="outcome").get)
    assert outcome.status == "failed" and "may still run" in outcome.error


@in_loop
async def test_no_shell_no_terminal(alice: User, room: Room) -> None:
    room.fake.shell = ""
    async with seat(alice, room.path) as one:
        told = await one.begin()
        assert (told["type"], told["code"], told["fatal"]) == ("error", "no_shell", True)
    async with seat(alice, room.path) as one:
        assert (await one.begin(command=["/app", "--token", "hidden"]))["type"] == "started"
    intent = await in_database(Entry.objects.filter(phase="intent").get)
    assert intent.after["command"] == "/app --token •••"


@in_loop
async def test_a_signal_goes_to_what_runs(alice: User, room: Room) -> None:
    async with seat(alice, room.path) as one:
        await one.say(type="signal", name="INT")
        assert (await one.next())["code"] == "not_started"
        await one.begin(user="www-data")
        await one.say(type="signal", name="USR1")
        await in_database(lambda: wait_until(lambda: bool(sent(room)), what="it was sent"))
        await one.say(type="signal", name="STOP")
        assert (await one.hear_of("error"))["field"] == "name"
        mark = room.terminal.start.mark
        assert [words[3:] for words in sent(room)] == [("/bin/sh", "USR1", mark)]
        await one.say(type="signal", name="KILL")
        assert (await one.hear_of("ended"))["exit_code"] == 137


@in_loop
async def test_a_hosts_own_terminal_takes_no_signal(admin: User, room: Room) -> None:
    async with seat(admin, f"/ws/hosts/{room.host.pk}/terminal") as one:
        assert (await one.begin())["shell"] == "login shell"
        await one.say(type="signal", name="INT")
        assert (await one.hear_of("notice"))["code"] == "not_found"
        await one.type(b"still there")
        await one.see(b"still there")


def sent(room: Room) -> list[tuple[str, ...]]:
    """Signals: host, call, container, shell, signal and mark."""
    calls = [words for words in room.fake.ran if words[1:2] == ("exec_detached",)]
    return [(*words[:4], *words[7:9]) for words in calls if "HUP" not in words]


@in_loop
async def test_one_process_per_socket(alice: User, room: Room) -> None:
    async with seat(alice, room.path) as one:
        await one.begin()
        told = await one.begin()
        assert (told["type"], told["code"]) == ("error", "already_started")
    assert len(room.fake.terminals) == 1


BAD = [" ", "{", "[]", '{"type":"exec"}', '{"type":"start","command":[]}', "null", "9" * 20_000,
       '{"type":"start","cols":0}', '{"type":"start","extra":1}', '{"type":"resize"}',
       '{"type":"start","command":["a\\u0000b"]}', '{"type":"signal","name":"STOP"}',
       '{"type":"start","user":"$(id)"}', '{"type":"start","workdir":"relative"}']  # fmt: skip


@in_loop
async def test_what_makes_no_sense_is_told_in_words(alice: User, room: Room) -> None:
    async with seat(alice, room.path) as one:
        for text in BAD:
            await one.send_to(text_data=text)
            told = await one.next()
            assert told["type"] == "error" and not told["fatal"] and told["message"], text
        await one.type(b"nothing runs yet")
        assert (await one.next())["code"] == "not_started"
        assert (await one.begin())["type"] == "started"
    async with seat(alice, room.path) as one:
        for _ in range(20):
            await one.send_to(text_data="{")
        assert (await one.hear_of("error", "too_many_errors"))["fatal"]


@in_loop
async def test_limits_of_time_are_told_and_end_it(
    alice: User, room: Room, settings: Settings
) -> None:
    settings.TERMINAL_IDLE_S = 1
    async with seat(alice, room.path) as one:
        await one.begin()
        assert (await one.hear_of("notice", "ends_soon"))["ends_in_s"] <= 1
        assert (await one.hear_of("error", "idle"))["fatal"]
        assert (await one.hear_of("ended"))["why"] == "idle"


@in_loop
async def test_a_strict_host_opens_nothing_it_cannot_record(
    alice: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "keep", _broken)
    async with seat(alice, room.path) as one:
        told = await one.begin()
        assert (told["code"], told["fatal"]) == ("no_recording", True)
    assert room.fake.terminals == [] and await in_database(entries) == []


@in_loop
async def test_a_strict_host_ends_what_it_cannot_record_any_more(
    alice: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with seat(alice, room.path) as one:
        await one.begin()
        monkeypatch.setattr(recording, "keep", _broken)
        await one.type(b"something to show")
        assert (await one.hear_of("error"))["code"] == "no_recording"


@in_loop
async def test_elsewhere_a_failed_recording_is_told_and_stays_on_record(
    alice: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_database(Host.objects.update, terminals="buffered")
    async with seat(alice, room.path) as one:
        await one.begin()
        monkeypatch.setattr(recording, "keep", _broken)
        await one.type(b"something to show")
        await one.hear_of("notice", "not_recorded")
        room.terminal.exit(0)
        await one.hear_of("ended")
    outcome = await in_database(Entry.objects.filter(phase="outcome").get)
    assert outcome.after["recording"] == "with gaps"


def _broken(*_: object) -> None:
    raise OSError("no space left on device")


@in_loop
async def test_a_recording_has_an_end(alice: User, room: Room, settings: Settings) -> None:
    settings.RECORDING_MAX_MB = 1
    await in_database(Host.objects.update, terminals="buffered")
    async with seat(alice, room.path) as one:
        started = await one.begin()
        room.terminal.show(b"x" * (3 << 20))
        await one.hear_of("notice", "recording_full")
        room.terminal.exit(0)
        await one.hear_of("ended")
        assert len(one.shown) == 3 << 20
    row = await in_database(TerminalSession.objects.get)
    assert row.recording == "cut" and row.recorded_bytes < 2 << 20
    events = await in_database(cast_of, started["session"])
    assert events[-1][1] == "m" and "ends here" in str(events[-1][2])


@in_loop
async def test_what_is_kept_of_a_recording_is_not_readable(alice: User, room: Room) -> None:
    async with seat(alice, room.path) as one:
        started = await one.begin()
        await one.type(b"hunter2 is shown")
        await one.see(b"hunter2 is shown")
        room.terminal.exit(0)
        await one.hear_of("ended")
    row = await in_database(TerminalSession.objects.get)
    kept = await in_database(lambda: [piece.encrypted for piece in row.pieces.all()])
    assert not any("hunter2" in text for text in kept)
    assert any("hunter2" in str(event) for event in await in_database(cast_of, started["session"]))


@in_loop
async def test_a_client_that_confirms_is_never_given_more_than_it_can_hold(
    alice: User, room: Room
) -> None:
    async with seat(alice, room.path) as one:
        await one.begin(confirms=True)
        room.terminal.show(b"y" * (4 << 20))
        while len(one.shown) < 512 * 1024:
            one.shown += (await one.receive_output(5))["bytes"]
        assert await one.receive_nothing(0.3)
        await one.say(type="confirm", size=len(one.shown))
        await one.see(b"y" * (600 * 1024))


@in_loop
async def test_who_looks_on_sees_it_and_is_seen(alice: User, admin: User, room: Room) -> None:
    async with seat(alice, room.path) as one:
        started = await one.begin()
        await one.type(b"before")
        await one.see(b"before")
        async with seat(admin, f"/ws/terminals/{started['session']}/watch", looks_on=True) as two:
            told = await two.next()
            assert (told["type"], told["who"]) == ("watching", "alice")
            assert (await one.hear_of("notice", "watched"))["watchers"] == ["admin"]
            await two.see(b"before")
            await one.type(b"after")
            await two.see(b"after")
            await two.type(b"rm -rf /")
            assert (await two.hear_of("error"))["code"] == "read_only"
            assert b"rm" not in room.terminal.typed
            room.terminal.exit(0)
            await one.hear_of("ended")
            assert (await two.hear_of("ended"))["exit_code"] == 0
