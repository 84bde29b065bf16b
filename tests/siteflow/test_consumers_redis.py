"""The same socket over Redis: what depends on the feed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.siteflow.redis_server import RedisServer
from tests.siteflow.test_consumer_ends import test_who_is_behind_is_told_and_shown_everything
from tests.siteflow.test_consumers import (
    fake,
    own_settings,
    test_a_snapshot_and_then_every_change,
    test_an_action_from_its_start_to_its_end,
    web1,
)
from tests.siteflow.test_hub import installed, redis_layer

__all__ = [
    "fake",
    "own_settings",
    "test_a_snapshot_and_then_every_change",
    "test_an_action_from_its_start_to_its_end",
    "test_who_is_behind_is_told_and_shown_everything",
    "web1",
]
pytestmark = [
    pytest.mark.lab,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("layer"),
]


@pytest.fixture
def layer() -> Iterator[None]:
    with RedisServer() as server, installed(redis_layer(server)):
        yield
