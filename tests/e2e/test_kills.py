"""Killed at any moment, an accepted operation ends, once, with the truth."""

from __future__ import annotations

import pytest

from tests.chaos import Torment
from tests.lab import Lab
from tests.stack import add_lab_host, stack

KILLS = 8  # `make bench` does fifty


@pytest.mark.lab
@pytest.mark.e2e
def test_no_accepted_operation_is_lost_done_twice_or_left_running(lab: Lab) -> None:
    with stack() as running:
        add_lab_host(running, lab.web1)
        report = Torment(running, lab.web1, seed=20).run(KILLS)
    assert sum(report.kills.values()) == KILLS
    assert len(report.accepted) > KILLS, "there was hardly any load"
    assert (report.lost, report.stuck) == ([], [])
    assert (report.twice, report.untrue) == ({}, {})
    assert report.statuses["succeeded"] == len(report.accepted), report.messages
