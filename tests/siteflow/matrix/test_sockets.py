"""Every socket, topic and action, asked for by every visitor about every thing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from siteflow.feed import FeedLayer
from tests.siteflow.loops import in_loop
from tests.siteflow.matrix.listening import problems_of
from tests.siteflow.matrix.visitors import VISITORS
from tests.siteflow.matrix.world import World, surroundings
from tests.siteflow.test_hub import installed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    layer = FeedLayer(path=tmp_path / "feed.sqlite3", bus=tmp_path / "bus", poll_s=0.05)
    with surroundings(), installed(layer):
        yield World()


@in_loop
async def test_every_answer_of_a_socket(world: World) -> None:
    wrong = [line for visitor in VISITORS async for line in problems_of(world, visitor)]
    assert not wrong, "\n".join([f"{len(wrong)} answers are wrong:", *wrong[:40]])
