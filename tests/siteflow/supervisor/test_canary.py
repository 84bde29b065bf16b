from __future__ import annotations

import os
from pathlib import Path

import pytest

from siteflow.supervisor.canary import Canary


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "worker.alive"


def test_a_new_worker_has_time_before_it_counts(path: Path) -> None:
    canary = Canary(path, limit_s=25, first_s=15)
    assert canary.silent_s(now=100, started_at=100) is None
    assert canary.silent_s(now=140, started_at=100) is None
    assert canary.silent_s(now=140.5, started_at=100) == 25.5


def test_every_change_counts_from_when_it_was_seen(path: Path) -> None:
    canary = Canary(path, limit_s=25, first_s=0)
    path.touch()
    assert canary.silent_s(now=100, started_at=0) is None
    assert canary.silent_s(now=126, started_at=0) == 26
    os.utime(path, (1, 1))  # the system time was set back: a change all the same
    assert canary.silent_s(now=127, started_at=0) is None


def test_the_file_of_an_earlier_run_does_not_condemn(path: Path) -> None:
    path.touch()
    os.utime(path, (1, 1))
    canary = Canary(path, limit_s=25, first_s=15)
    assert canary.silent_s(now=1000, started_at=999) is None


def test_a_restarted_worker_has_its_time_again(path: Path) -> None:
    canary = Canary(path, limit_s=25, first_s=15)
    path.touch()
    assert canary.silent_s(now=100, started_at=0) is None
    assert canary.silent_s(now=200, started_at=0) == 100
    assert canary.silent_s(now=201, started_at=200) is None
