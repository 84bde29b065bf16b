from __future__ import annotations

import pytest

from tests.monitoring.alerts.world import World


@pytest.fixture
def world(db: None) -> World:
    one = World()
    one.turn()  # from now on somebody judges
    return one
