from __future__ import annotations

import pytest

from tests.lab.lab import Lab
from tests.provisioning.drivers.figures import Leaks, leaks, storm

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(("max_sessions", "calls"), [(4, 150), (2, 60), (1, 30)])
def test_fifty_at_once(lab: Lab, max_sessions: int, calls: int) -> None:
    assert storm(lab.web1, max_sessions=max_sessions, threads=50, calls=calls).errors == []


def test_nothing_is_left_of_many_connections(lab: Lab) -> None:
    """The same with 1,000 takes minutes: `python -m tests.provisioning.drivers.figures`."""
    found = leaks(lab.web1, connects=60)
    assert found == Leaks(60, descriptors=0, threads=0, sessions=0)
