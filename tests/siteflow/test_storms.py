"""A part of `tests/siteflow/storms.py`, against the real web process."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.served import Served, served
from tests.siteflow.storms import ANSWER_S, come_and_leave, left_behind, malformed, until_as


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("storms")) as found:
        yield found


def test_malformed_frames_harm_nobody_else(console: Served) -> None:
    with console.socket() as well:
        for _ in malformed(console, 520):
            well.send('{"type":"ping"}')
            assert json.loads(well.recv(ANSWER_S))["type"] in ("pong", "ping")
    assert "Traceback" not in console.said()


def test_who_comes_and_leaves_leaves_nothing_behind(console: Served) -> None:
    come_and_leave(console, 50)
    before = until_as(console, dict.fromkeys(left_behind(console), 0), within_s=3.0)
    assert before["topics"] == before["watched"] == before["socket tasks"] == 0
    come_and_leave(console, 150)
    after = until_as(console, before)
    assert all(after[name] <= before[name] for name in before), (before, after)
    assert "Traceback" not in console.said()
