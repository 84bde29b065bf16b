"""Every field of every message of the live socket with every hostile value: it answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final, get_args

import pytest
from django.contrib.auth.models import User

from provisioning.models import Operation
from siteflow import socket as sockets
from siteflow.frames import MAX_FRAME_BYTES, Frame
from tests.hostile.corpus import Corpus, encodable
from tests.people import person
from tests.provisioning.rows import make_container, make_host
from tests.siteflow.sockets import Socket, socket_of
from tests.siteflow.test_consumers import layer, own_settings

__all__ = ["layer", "own_settings"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("layer")]
RIGHT: Final[dict[str, dict[str, Any]]] = {
    "subscribe": {"topic": "containers"},
    "unsubscribe": {"topic": "containers"},
    "ping": {},
    "pong": {},
    "action.start": {"kind": "container.restart", "target_type": "container", "target_id": 0},
}
BROKEN: Final = {"internal_error", "unavailable"}


def cases() -> list[tuple[str, str]]:
    """Each type of message with each of its fields."""
    kinds = {get_args(one.model_fields["type"].annotation)[0]: one for one in get_args(Frame)}
    assert set(kinds) == set(RIGHT)
    return [(kind, name) for kind, frame in kinds.items() for name in frame.model_fields]


def as_field(name: str, text: str) -> Any:
    if name == "params":
        return {text: text, "grace_s": text, "signal": text}
    return [text] if name == "ids" else text


@pytest.mark.parametrize(("kind", "name"), cases())
def test_a_field(kind: str, name: str, corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MAX_BAD_FRAMES", 10**9)
    alice: User = person("alice")
    container = make_container(make_host())

    async def ask() -> None:
        async with socket_of(alice) as socket:
            for value in corpus.core:
                message = {"type": kind, **RIGHT[kind], name: as_field(name, value.text)}
                if message.get("target_id") == 0:
                    message["target_id"] = container.pk
                await answered(socket, message)

    asyncio.run(ask())
    started = Operation.objects.all()
    assert {row.kind for row in started} <= {"container.restart"}
    assert all(set(row.params) <= {"grace_s"} for row in started)


async def answered(socket: Socket, message: dict[str, Any]) -> None:
    """Something comes back for it, and what comes back for a ping after it is the pong."""
    text = json.dumps(message)
    await socket.send_to(text_data=text)
    await socket.say(type="ping", id="still there")
    while (said := await socket.hear()).get("id") != "still there":
        assert said.get("code") not in BROKEN, (message, said)
        if said["type"] == "error":
            assert not said["fatal"] and said["message"]
        elif isinstance(message.get("id"), str) and "id" in said:
            assert said["id"] == message["id"]


def test_texts_that_are_no_messages(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """The values themselves in place of a message."""
    monkeypatch.setattr(sockets, "MAX_BAD_FRAMES", 10**9)
    bob = person("bob")

    async def ask() -> None:
        async with socket_of(bob) as socket:
            for value in corpus.core:
                if encodable(value.text) and len(value.text) < MAX_FRAME_BYTES:
                    await socket.send_to(text_data=value.text)
                    assert (await socket.hear())["type"] == "error"

    asyncio.run(ask())
