from __future__ import annotations

import pytest

from siteflow.supervisor.child import Child, pause_s
from siteflow.supervisor.roles import Role

from .running import until


def test_pauses_grow_up_to_half_a_minute() -> None:
    assert [pause_s(n) for n in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert pause_s(10_000) == 30


def one_life(child: Child, *, now: float, lasting_s: float) -> float:
    """Start it, let it end, and tell how long the pause is then."""
    life = child.start(now)
    until(life.has_ended, what="its end")
    child.bury(life, now + lasting_s)
    return child.start_at - (now + lasting_s)


def test_a_long_life_begins_with_the_first_pause_again() -> None:
    child = Child(Role("web", ("true",)), token="test")
    assert [one_life(child, now=100, lasting_s=1) for _ in range(3)] == [0.5, 1, 2]
    assert one_life(child, now=200, lasting_s=61) == 0.5
    assert one_life(child, now=300, lasting_s=1) == 1


def test_a_program_that_does_not_exist_is_planned_again() -> None:
    child = Child(Role("web", ("/nowhere",)), token="test")
    with pytest.raises(FileNotFoundError):
        child.start(100)
    assert child.life is None and child.start_at == 100.5


def test_its_last_words_and_its_way_to_end() -> None:
    child = Child(Role("web", ("sh", "-c", "printf 'one\ntwo'; exit 7")), token="test")
    life = child.start(0)
    until(life.has_ended, what="its end")
    assert child.bury(life, 1) == ("ended with exit code 7", ["one", "two"], 0)
