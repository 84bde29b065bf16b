"""Every page and every address of the API, asked by every visitor about every thing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from siteflow.feed import FeedLayer
from tests.siteflow.matrix.asking import problems_of, refused_methods
from tests.siteflow.matrix.cells import cells_for, wrong_methods
from tests.siteflow.matrix.rights import read_once
from tests.siteflow.matrix.visitors import VISITORS, Visitor
from tests.siteflow.matrix.world import World, world_in_a_transaction
from tests.siteflow.test_hub import installed

SHOWN = 40
pytestmark = pytest.mark.django_db  # makes the database; what `world` writes is its own to undo


@pytest.fixture(scope="module")
def world(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """Made once: each visitor's questions are rolled back."""
    folder = tmp_path_factory.mktemp("feed")
    layer = FeedLayer(path=folder / "feed.sqlite3", bus=folder / "bus", poll_s=0.05)
    with (
        django_db_blocker.unblock(), installed(layer), world_in_a_transaction() as world,
        read_once(),
    ):  # fmt: skip
        yield world


@pytest.mark.parametrize("visitor", VISITORS, ids=str)
def test_every_answer(world: World, visitor: Visitor) -> None:
    wrong = list(problems_of(world, visitor, cells_for(visitor, world)))
    assert not wrong, "\n".join([f"{len(wrong)} answers are wrong:", *wrong[:SHOWN]])


@pytest.mark.parametrize("name", ["anonymous", "admin"])
def test_methods_that_an_address_does_not_know(world: World, name: str) -> None:
    visitor = next(one for one in VISITORS if one.name == name)
    wrong = list(refused_methods(world, visitor, wrong_methods()))
    assert not wrong, "\n".join(wrong)
