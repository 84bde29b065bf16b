from __future__ import annotations

import threading

import pytest

from audit.actor import Actor
from monitoring import upkeep
from tests.monitoring.waiting import until


def test_it_begins_at_once_goes_on_and_outlives_a_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    actors: list[str] = []
    twice = threading.Event()

    def fails(*, actor: Actor) -> int:
        actors.append(actor.name)
        if len(actors) > 1:
            twice.set()
        raise OSError("disk full")

    others: list[str] = []
    monkeypatch.setattr(upkeep, "cleanup", fails)
    monkeypatch.setitem(upkeep.TASKS, "keys without a host", lambda: others.append("done"))
    stopped = upkeep.start(every_s=0.01)
    until(twice.is_set)
    stopped.set()
    assert set(actors) == {"retention"}
    assert "the upkeep of the audit failed" in caplog.text
    assert others
