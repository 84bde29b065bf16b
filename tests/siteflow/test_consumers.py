"""The live socket as a client meets it, over the embedded feed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import Settings

from audit.models import Entry
from provisioning import engine, inventory
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.models import Operation
from siteflow import consumers, sessions
from siteflow.accounts import credentials
from siteflow.feed import FeedLayer
from siteflow.hub import hub_of_this_loop
from siteflow.topics import Wish, snapshot
from sites.models import Host
from tests.provisioning.conftest import fake
from tests.provisioning.rows import COMMAND, make_container, make_host
from tests.siteflow.loops import in_loop
from tests.siteflow.sockets import Socket, in_database, socket_of
from tests.siteflow.test_hub import installed

__all__ = ["fake", "own_settings"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("layer")]


@pytest.fixture
def layer(tmp_path: Path) -> Iterator[None]:
    with installed(FeedLayer(path=tmp_path / "feed.sqlite3", bus=tmp_path / "bus", poll_s=0.05)):
        yield


@pytest.fixture(autouse=True)
def own_settings(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.DATA_DIR = tmp_path
    # As in the web process: the connections of its threads do not outlive what they were for.
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)


@pytest.fixture
def web1() -> Host:
    return make_host("web1", host_key="")


def see(host: Host, name: str, state: str) -> None:
    seen = replace(fake_container(name), state=state)
    inventory.apply_some(host, [seen], at=timezone.now(), source="event")


# -- who gets in -----------------------------------------------------------------------------


@in_loop
async def test_without_a_login_there_is_a_reason_and_the_end() -> None:
    for cookie in ("", "x" * 32):
        socket = Socket("/api/ws", cookie=cookie)
        assert (await socket.connect())[0]
        said = await socket.hear()
        assert (said["type"], said["code"], said["fatal"]) == ("error", "not_authenticated", True)
        assert await socket.close_code() == 4401


@in_loop
async def test_only_our_own_pages_open_sockets(bob: User) -> None:
    async with socket_of(bob) as own:
        for origin in (None, b"http://evil.example", b"http://testserver:81"):
            socket = Socket("/api/ws", cookie=own.cookie, origin=origin)
            assert (await socket.connect())[0] is False


@in_loop
async def test_no_socket_lives_elsewhere(bob: User) -> None:
    socket = Socket("/ws/nothing")
    assert await socket.connect() == (False, 4404)


# -- topics ----------------------------------------------------------------------------------


@in_loop
async def test_a_snapshot_and_then_every_change(bob: User, web1: Host) -> None:
    await in_database(see, web1, "shop", "running")
    async with socket_of(bob) as socket:
        first = await socket.ask("subscribe", topic="containers")
        assert (first["type"], first["topic"], first["total"]) == ("subscribed", "containers", 1)
        assert first["items"][0]["state"] == "running"
        await in_database(see, web1, "shop", "exited")
        update = await socket.hear("containers.update")
        assert [(item["name"], item["state"]) for item in update["items"]] == [("shop", "exited")]
        assert update["items"][0]["version"] > first["items"][0]["version"]
        assert set(update["items"][0]) == set(first["items"][0])
        key = update["items"][0]["id"]
        await in_database(inventory.forget_docker_id, web1, fake_container("shop").docker_id)
        assert (await socket.hear("containers.update"))["removed"] == [key]
        assert (await socket.ask("unsubscribe", topic="containers"))["type"] == "unsubscribed"
        await in_database(see, web1, "shop", "running")
        assert (await socket.ask("ping"))["type"] == "pong"


@in_loop
async def test_only_the_rows_on_the_page_and_only_of_one_host(bob: User, web1: Host) -> None:
    rows = [await in_database(make_container, web1, f"c{number}") for number in range(4)]
    other = await in_database(make_host, "web2")
    far = await in_database(make_container, other, "far")
    async with socket_of(bob) as socket:
        wanted = [rows[1].pk, rows[3].pk, 99]
        page = await socket.ask("subscribe", topic="containers", ids=wanted)
        assert {item["id"] for item in page["items"]} == set(wanted[:2])
        assert page["ids"] == wanted
        of_host = await socket.ask("subscribe", topic=f"containers.{other.pk}")
        assert [item["id"] for item in of_host["items"]] == [far.pk]
        none = await socket.ask("subscribe", topic="containers", ids=[])
        assert none["items"] == []


@in_loop
async def test_every_topic_has_its_snapshot(bob: User, web1: Host) -> None:
    async with socket_of(bob) as socket:
        for topic in ("sites", "containers", "hosts", "operations", f"containers.{web1.pk}"):
            answer = await socket.ask("subscribe", topic=topic)
            assert (answer["type"], answer["topic"]) == ("subscribed", topic)
            assert isinstance(answer["items"], list)
        hosts = await socket.ask("subscribe", topic="hosts")
        assert [host["name"] for host in hosts["items"]] == ["web1"]


@in_loop
async def test_no_change_is_lost_while_the_snapshot_is_read(
    bob: User, web1: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changes while, or right after, the database is read comes after the snapshot."""
    await in_database(see, web1, "shop", "running")

    def slow(user: Any, wish: Wish) -> Any:
        read = snapshot(user, wish)
        see(web1, "shop", "exited")
        return read

    monkeypatch.setattr(consumers, "snapshot", slow)
    async with socket_of(bob) as socket:
        await socket.say(type="subscribe", topic="containers")
        first, then = await socket.hear(), await socket.hear()
        assert (first["type"], first["items"][0]["state"]) == ("subscribed", "running")
        assert (then["type"], then["items"][0]["state"]) == ("containers.update", "exited")


@in_loop
async def test_topics_that_are_not_there(bob: User) -> None:
    async with socket_of(bob) as socket:
        for topic, code in (
            ("backups", "unknown_topic"),
            ("containers.999", "not_found"),
            ("operation.999", "not_found"),
            ("x" * 81, "bad_message"),
        ):
            await socket.say(type="subscribe", topic=topic)
            answer = await socket.hear()
            assert (answer["type"], answer["code"], answer["fatal"]) == ("error", code, False)
        assert hub_of_this_loop()._clients == {}


@in_loop
async def test_who_may_see_nothing_gets_nothing(charlie: User, web1: Host) -> None:
    row = await in_database(engine.start, "host.test", web1, actor=COMMAND)
    async with socket_of(charlie) as socket:
        for topic in ("sites", "containers", "hosts", "operations"):
            assert (await socket.ask("subscribe", topic=topic))["code"] == "forbidden"
        for topic in (f"containers.{web1.pk}", f"operation.{row.pk}"):
            assert (await socket.ask("subscribe", topic=topic))["code"] == "not_found"
        assert hub_of_this_loop()._clients == {}


@in_loop
async def test_topics_have_a_limit(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "MAX_TOPICS", 2)
    async with socket_of(bob) as socket:
        for topic in ("hosts", "sites", "hosts"):
            assert (await socket.ask("subscribe", topic=topic))["type"] == "subscribed"
        assert (await socket.ask("subscribe", topic="containers"))["code"] == "too_many_topics"


@in_loop
async def test_simple_clients_are_subscribed_from_the_start(bob: User, web1: Host) -> None:
    async with socket_of(bob, "/ws/dashboard") as socket:
        topics = [(await socket.hear("subscribed"))["topic"] for _ in range(3)]
        assert topics == ["hosts", "containers", "operations"]
    row = await in_database(engine.start, "host.test", web1, actor=COMMAND)
    async with socket_of(bob, f"/ws/tasks/{row.pk}") as socket:
        assert (await socket.hear("subscribed"))["items"][0]["id"] == row.pk


# -- what clients say ------------------------------------------------------------------------


@in_loop
async def test_nonsense_is_answered_and_the_socket_stays(bob: User) -> None:
    async with socket_of(bob) as socket:
        for text, code in (("{", "bad_json"), ("{}", "unknown_type"), ("3", "bad_message")):
            await socket.send_to(text_data=text)
            said = await socket.hear()
            assert (said["type"], said["code"], said["fatal"]) == ("error", code, False)
            assert said["timestamp"] and said["reconnect"] is False and said["message"]
        assert (await socket.ask("ping"))["type"] == "pong"


@in_loop
async def test_who_only_talks_nonsense_is_shown_the_door(bob: User) -> None:
    async with socket_of(bob) as socket:
        for _ in range(20):
            await socket.send_to(bytes_data=b"\x00")
        said = [await socket.hear() for _ in range(20)]
        assert [one["code"] for one in said] == ["bad_message"] * 19 + ["too_many_errors"]
        assert await socket.close_code() == 4400


@in_loop
async def test_our_mistakes_are_not_told(
    bob: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(user: object, wish: object) -> None:
        raise KeyError("inner secret")

    monkeypatch.setattr(consumers, "snapshot", broken)
    async with socket_of(bob) as socket:
        said = await socket.ask("subscribe", topic="hosts")
        assert said["code"] == "internal_error" and "secret" not in str(said)
        assert hub_of_this_loop()._clients == {}
    assert "inner secret" in caplog.text


@in_loop
async def test_a_database_that_is_away_is_said_and_passes(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object) -> None:
        raise OperationalError("database is locked")

    async with socket_of(bob) as socket:
        with monkeypatch.context() as patch:
            patch.setattr(consumers, "snapshot", away)
            said = await socket.ask("subscribe", topic="hosts")
        assert (said["code"], said["reconnect"]) == ("unavailable", True)
        assert (await socket.ask("subscribe", topic="hosts"))["type"] == "subscribed"
        with monkeypatch.context() as patch:
            patch.setattr(credentials, "get_user", away)
            other = Socket("/api/ws", cookie=socket.cookie)
            assert (await other.connect())[0]
            assert await other.close_code() == 1011
            await sessions.watch_of_this_loop().check()
        assert (await socket.ask("ping"))["type"] == "pong"


# -- actions ---------------------------------------------------------------------------------


@in_loop
async def test_an_action_from_its_start_to_its_end(alice: User, fake: FakeHost) -> None:
    host = await in_database(make_host, "web1")
    state = fake_container("shop-web-1")
    row = await in_database(make_container, host, state.name, docker_id=state.docker_id)
    async with socket_of(alice) as socket:
        started = await socket.ask(
            "action.start", kind="container.stop", target_type="container", target_id=row.pk
        )
        key = started["operation"]
        assert (started["type"], started["status"]) == ("action.output", "started")
        assert started["item"]["kind"] == "container.stop"
        shown = await socket.hear("subscribed")
        assert (shown["topic"], shown["items"][0]["status"]) == (f"operation.{key}", "queued")
        await in_database(engine.run, key)
        said: list[dict[str, Any]] = []
        while not said or said[-1]["status"] == "running":
            said.append(await socket.hear("action.output"))
        assert (said[-1]["status"], said[-1]["percent"]) == ("completed", 100)
        assert "running → exited" in said[0]["text"]
    entry = await in_database(Entry.objects.filter(operation_id=key).order_by("id").first)
    assert (entry.source, entry.actor_name, entry.user_agent) == ("ws", "alice", "test")
    assert entry.request_id


@in_loop
async def test_actions_are_refused_as_everywhere(bob: User, web1: Host) -> None:
    row = await in_database(make_container, web1)
    action = {"kind": "container.restart", "target_id": row.pk}
    async with socket_of(bob) as socket:
        assert (await socket.ask("action.start", **action))["code"] == "forbidden"
        missing = await socket.ask("action.start", **{**action, "target_id": 999})
        assert missing["code"] == "not_found"
        unknown = await socket.ask("action.start", **{**action, "kind": "container.fly"})
        assert unknown["code"] == "unknown_verb"
        wrong = await socket.ask("action.start", **action, target_type="host")
        assert (wrong["code"], wrong["field"]) == ("bad_params", "target_type")
    assert await in_database(Operation.objects.count) == 0
    refused = await in_database(Entry.objects.get, action="container.restart")
    assert (refused.status, refused.source) == ("refused", "ws")


@in_loop
async def test_a_busy_target_says_who(alice: User, web1: Host) -> None:
    row = await in_database(make_container, web1)
    async with socket_of(alice) as socket:
        first = await socket.ask("action.start", kind="container.restart", target_id=row.pk)
        busy = await socket.ask("action.start", kind="container.stop", target_id=row.pk)
        assert busy["code"] == "busy"
        assert busy["details"]["operation"] == first["operation"]


@in_loop
async def test_only_the_latest_actions_are_followed(
    alice: User, web1: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "MAX_FOLLOWED", 2)
    rows = [await in_database(make_container, web1, f"c{number}") for number in range(4)]
    async with socket_of(alice) as socket:
        for row in rows:
            await socket.ask("action.start", kind="container.restart", target_id=row.pk)
            await socket.hear("subscribed")
        assert len(hub_of_this_loop()._clients) == 2
