"""When a new container counts as well, and when as lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning.drivers.containers import ContainerState
from provisioning.operations.site_work import is_lost, is_well


def container(name: str = "web", *, age_s: float = 1, **values: Any) -> ContainerState:
    given = {"state": "running", "started_at": timezone.now() - timedelta(seconds=age_s), **values}
    return ContainerState(docker_id=name, name=name, image="", image_id="", **given)


@pytest.mark.parametrize(
    ("values", "well", "lost"),
    [
        ({"health": "healthy"}, True, False),
        ({"health": "starting"}, False, False),
        ({"health": "unhealthy"}, False, True),
        ({"age_s": 1}, False, False),
        ({"age_s": 4}, True, False),
        ({"state": "exited", "exit_code": 0}, True, False),
        ({"state": "exited", "exit_code": 1}, False, True),
        ({"state": "dead"}, False, True),
        ({"state": "restarting", "exit_code": 1, "restart_count": 2}, False, False),
        ({"state": "restarting", "exit_code": 1, "restart_count": 3}, False, True),
        ({"state": "running", "restart_count": 3}, False, True),
        ({"state": "running", "restart_count": 3, "health": "starting"}, False, True),
    ],
    ids=str,
)
def test_a_container_by_itself(values: dict[str, Any], well: bool, lost: bool) -> None:
    one, now = container(**values), timezone.now()
    found = is_well(one, now=now)
    assert (found, not found and is_lost(one, beside=[one], now=now)) == (well, lost)


def test_it_may_crash_while_what_it_needs_comes_up() -> None:
    crashing = container(state="restarting", exit_code=1, restart_count=9)
    now = timezone.now()
    database = container("db", age_s=10)
    assert not is_lost(crashing, beside=[crashing, database], now=now)
    assert is_lost(crashing, beside=[crashing, container("db", age_s=60)], now=now)
    also = container("queue", state="restarting", exit_code=1, restart_count=4)
    assert is_lost(crashing, beside=[crashing, also], now=now), "they do not wait for each other"
