"""A part of `storms.py` and `stream_storms.py`, against the real web process."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.served import Served
from tests.siteflow.storms import (
    ANSWER_S,
    come_and_leave,
    is_right,
    left_behind,
    malformed,
    told_slowly,
    until_as,
)
from tests.siteflow.stream_storms import PLACES, Bystanders, served_streams


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_streams(tmp_path_factory.mktemp("storms")) as found:
        yield found


def test_malformed_frames_harm_nobody_else(console: Served) -> None:
    with console.socket() as well:
        for _ in malformed(console, 520):
            well.send('{"type":"ping"}')
            assert json.loads(well.recv(ANSWER_S))["type"] in ("pong", "ping")
    assert "Traceback" not in console.said()


def test_malformed_frames_of_terminals_and_logs_harm_nobody_else(console: Served) -> None:
    with Bystanders(console) as bystanders:
        for place in PLACES.values():
            for _ in malformed(console, 80, place=place):
                bystanders.are_well()
    assert "Traceback" not in console.said()


def test_a_slow_reader_is_told_that_it_is_behind(console: Served) -> None:
    assert is_right(told_slowly(console))


def test_who_comes_and_leaves_leaves_nothing_behind(console: Served) -> None:
    come_and_leave(console, 50)
    before = until_as(console, dict.fromkeys(left_behind(console), 0), within_s=3.0)
    assert before["topics"] == before["watched"] == before["socket tasks"] == 0
    come_and_leave(console, 150)
    after = until_as(console, before)
    assert all(after[name] <= before[name] for name in before), (before, after)
    assert "Traceback" not in console.said()
