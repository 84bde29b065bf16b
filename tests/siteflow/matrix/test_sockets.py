"""Every socket, topic and action, asked for by every visitor about every thing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from siteflow.feed import FeedLayer
from tests.siteflow.loops import in_loop
from tests.siteflow.matrix.listening import problems_of
from tests.siteflow.matrix.visitors import VISITORS, Visitor
from tests.siteflow.matrix.world import World, surroundings
from tests.siteflow.test_hub import installed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    layer = FeedLayer(path=tmp_path / "feed.sqlite3", bus=tmp_path / "bus", poll_s=0.05)
    with surroundings(), installed(layer):
        yield World()


def test_every_answer_of_a_socket(world: World) -> None:
    """Each visitor has the deadline to itself."""
    wrong: list[str] = []

    @in_loop
    async def ask(visitor: Visitor) -> None:
        wrong.extend([line async for line in problems_of(world, visitor)])

    for visitor in VISITORS:
        ask(visitor)
    assert not wrong, "\n".join([f"{len(wrong)} answers are wrong:", *wrong[:40]])
