"""A host in memory with containers to open terminals in, and a client in front of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import Settings

from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.fake_exec import FakeTerminal
from provisioning.terminals.models import TerminalSession
from siteflow import sessions
from sites.models import Container, Host, Site
from tests.lab.command import wait_until
from tests.provisioning.rows import make_container, make_host
from tests.siteflow.sockets import ANSWER_S, Socket, in_database, session_of


@dataclass
class Room:
    fake: FakeHost
    host: Host
    site: Site
    other_site: Site
    container: Container
    other: Container

    @property
    def terminal(self) -> FakeTerminal:
        return self.fake.terminals[-1]

    @property
    def path(self) -> str:
        return f"/ws/containers/{self.container.pk}/exec"


@pytest.fixture
def room(db: None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.DATA_DIR = tmp_path
    settings.RATE_CHANGES = 0
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    monkeypatch.setattr(sessions, "CHECK_EVERY_S", 0.2)
    monkeypatch.setattr("provisioning.terminals.running.LOOK_EVERY_S", 0.1)
    monkeypatch.setattr("provisioning.terminals.running.TURN_S", 0.05)
    shop, blog = fake_container("shop-web-1"), fake_container("blog-web-1")
    fake = FakeHost("web1", containers=[shop, blog])
    monkeypatch.setattr("provisioning.terminals.way.host_driver", lambda target: fake)
    host = make_host("web1", connection="ssh", address="192.0.2.7", username="root",
                     host_key="ssh-ed25519 AAAA", credential=None)  # fmt: skip
    monkeypatch.setattr("provisioning.terminals.way.target_of", lambda host: None)
    site = Site.objects.create(host=host, project="shop", name="shop")
    other_site = Site.objects.create(host=host, project="blog", name="blog")
    return Room(
        fake, host, site, other_site,
        make_container(host, "shop-web-1", docker_id=shop.docker_id, site=site),
        make_container(host, "blog-web-1", docker_id=blog.docker_id, site=other_site),
    )  # fmt: skip


class Seat(Socket):
    """Who sits in front of a terminal."""

    shown = b""

    async def next(self) -> dict[str, Any]:
        """The next control message; bytes are gathered in ``shown``."""
        while True:
            event = await self.receive_output(ANSWER_S)
            if event["type"] == "websocket.close":
                return {"type": "gone", "close": event["code"]}
            if event.get("bytes") is not None:
                self.shown += event["bytes"]
                continue
            message: dict[str, Any] = json.loads(event["text"])
            if message["type"] != "ping":
                return message

    async def hear_of(self, kind: str, code: str = "") -> dict[str, Any]:
        while (message := await self.next())["type"] != kind or code not in (
            "",
            message.get("code"),
        ):
            assert message["type"] != "gone", message
        return message

    async def see(self, wanted: bytes) -> None:
        while wanted not in self.shown:
            event = await self.receive_output(ANSWER_S)
            assert event["type"] == "websocket.send", event
            self.shown += event.get("bytes") or b""

    async def type(self, data: bytes) -> None:
        await self.send_to(bytes_data=data)

    async def begin(self, **wanted: Any) -> dict[str, Any]:
        await self.say(type="start", **wanted)
        return await self.next()


@asynccontextmanager
async def seat(
    user: User, path: str, *, looks_on: bool = False, **given: Any
) -> AsyncIterator[Seat]:
    """At the end everything the terminal has begun has ended, too."""
    cookie = await in_database(session_of, user)
    one = Seat(path, cookie=cookie, **given)
    connected, _ = await one.connect(timeout=ANSWER_S)
    assert connected
    try:
        yield one
    finally:
        await one.disconnect(timeout=ANSWER_S)
        if not looks_on:
            await in_database(settled)


def settled() -> None:
    """No terminal is open any more, nor does a thread of one run."""
    import threading

    def over() -> bool:
        names = [each.name for each in threading.enumerate() if each.name.startswith("terminal-")]
        return not names and not TerminalSession.objects.open().exists()

    wait_until(over, what="all terminals have ended", timeout_s=20)
