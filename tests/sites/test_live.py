from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from sites import live
from tests.layers import layer_in_place


class Recorder:
    """A channel layer that remembers; it can fail, or hang until let go."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.failing = False
        self.gate = threading.Event()
        self.gate.set()
        self.threads: set[int] = set()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        assert group == live.GROUP
        self.threads.add(threading.get_ident())
        await asyncio.to_thread(self.gate.wait, 10)
        if self.failing:
            raise ConnectionError("no route to Redis")
        self.sent.append(message)


@pytest.fixture
def layer() -> Iterator[Recorder]:
    recorder = Recorder()
    with layer_in_place(recorder):
        yield recorder
        recorder.gate.set()
        recorder.failing = False
        assert live.flush(timeout_s=10)


ABOUT: live.Scope = {"permission": "sites.view_container", "host": 3, "site": None}


def test_a_message_is_encoded_once_for_all(layer: Recorder) -> None:
    live.publish(["containers", "containers.3"], {"type": "x", "id": 7}, scope=ABOUT)
    assert live.flush(timeout_s=5)
    assert layer.sent == [
        {
            "type": "feed",
            "topics": ["containers", "containers.3"],
            "text": '{"type":"x","id":7}',
            "scope": ABOUT,
        }
    ]


def test_times_are_utc() -> None:
    moscow = datetime(2024, 5, 1, 15, tzinfo=timezone(timedelta(hours=3)))
    text = live.encode({"a": moscow, "b": datetime(2024, 5, 1, 12, tzinfo=UTC)})
    assert json.loads(text) == {"a": "2024-05-01T12:00:00Z", "b": "2024-05-01T12:00:00Z"}


def test_order_is_kept_and_one_thread_sends(layer: Recorder) -> None:
    for number in range(300):
        live.publish(["t"], {"n": number})
    assert live.flush(timeout_s=10)
    assert [json.loads(m["text"])["n"] for m in layer.sent] == list(range(300))
    assert len(layer.threads) == 1 and threading.get_ident() not in layer.threads


def test_the_caller_never_waits(layer: Recorder) -> None:
    layer.gate.clear()
    started = time.monotonic()
    for number in range(1000):
        live.publish(["t"], {"n": number})
    assert time.monotonic() - started < 5  # the layer would hang for ten seconds each
    assert not live.flush(timeout_s=0.05)


def test_from_within_an_event_loop(layer: Recorder) -> None:
    async def publish() -> None:
        live.publish(["t"], {"n": 1})

    asyncio.run(publish())
    assert live.flush(timeout_s=5) and len(layer.sent) == 1


def test_what_cannot_be_written_is_logged_and_clients_look_again(
    layer: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    live.publish(["metrics.1"], {"cpu_percent": float("nan")})
    live.publish(["t"], {"what": object()})
    assert live.flush(timeout_s=5)
    assert layer.sent == [live.GAP, live.GAP]
    assert [r.levelname for r in caplog.records] == ["ERROR", "ERROR"]


def test_a_dead_layer_is_logged_once_and_the_gap_is_told_when_it_is_back(
    layer: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    layer.failing = True
    live.publish(["t"], {"n": 1})
    assert not live.flush(timeout_s=1)  # it is tried again meanwhile
    layer.failing = False
    assert live.flush(timeout_s=10)
    assert layer.sent == [live.GAP]
    live.publish(["t"], {"n": 2})
    assert live.flush(timeout_s=5)
    assert layer.sent[1]["text"] == '{"n":2}'
    assert [r.getMessage() for r in caplog.records] == [
        "Live messages cannot be sent; retrying: no route to Redis",
        "Live messages are sent again",
    ]


def test_a_backlog_beyond_its_limit_becomes_a_gap(
    layer: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BACKLOG_LIMIT", 5)
    layer.gate.clear()
    live.publish(["t"], {"n": 0})
    deadline = time.monotonic() + 5
    while not layer.threads:
        assert time.monotonic() < deadline
    for number in range(1, 7):
        live.publish(["t"], {"n": number})
    layer.gate.set()
    assert live.flush(timeout_s=5)
    assert [m["text"] for m in layer.sent] == ['{"n":0}', "", '{"n":6}']


def test_a_forked_child_has_a_thread_of_its_own(layer: Recorder) -> None:
    live.publish(["t"], {"n": 1})
    assert live.flush(timeout_s=5)
    child = os.fork()
    if child == 0:
        live.publish(["t"], {"n": 2})
        sent = live.flush(timeout_s=5) and len(layer.sent) == 2
        os._exit(0 if sent else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert len(layer.sent) == 1


def test_the_end_waits_for_what_is_left(layer: Recorder) -> None:
    publisher = live.Publisher()
    layer.gate.clear()
    threading.Timer(0.1, layer.gate.set).start()
    for number in range(100):
        publisher.put({"n": number})
    publisher.stop(timeout_s=10)
    assert [message["n"] for message in layer.sent] == list(range(100))
    assert publisher._thread and not publisher._thread.is_alive()


def test_the_end_does_not_wait_for_a_dead_layer(layer: Recorder) -> None:
    publisher = live.Publisher()
    layer.failing = True
    publisher.put({"n": 1})
    started = time.monotonic()
    publisher.stop(timeout_s=10)
    assert time.monotonic() - started < 5
    assert publisher._thread and not publisher._thread.is_alive()


def test_without_a_channel_layer_nothing_happens() -> None:
    with layer_in_place(None):
        live.publish(["t"], {"n": 1})
        assert live.flush(timeout_s=5)
