from __future__ import annotations

from datetime import timedelta

import pytest

from monitoring.notify.schedule import MOST, pause_after


@pytest.mark.parametrize(
    ("attempts", "pause_s"), [(1, 10), (2, 20), (3, 40), (7, 640), (8, 900), (100_000, 900)]
)
def test_pauses_double_up_to_a_quarter_of_an_hour(attempts: int, pause_s: int) -> None:
    assert pause_after(attempts, chance=lambda: 1.0) == timedelta(seconds=pause_s)


def test_a_quarter_of_a_pause_is_chance() -> None:
    pauses = {pause_after(50) for _ in range(100)}
    assert len(pauses) > 50
    assert all(MOST * 0.75 <= pause <= MOST for pause in pauses)
