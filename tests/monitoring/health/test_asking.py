"""Parts that answer, fail and hang: whoever asks is always answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.utils import timezone

from monitoring.health.asking import Asker
from monitoring.health.parts import Found, Part


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Closed, so that a part hangs at it; opened in the end."""
    gate = threading.Event()
    yield gate
    gate.set()


def well() -> Found:
    return Found(True, "Well.")


def test_a_part_that_fails_says_what_but_not_with_which_words() -> None:
    def broken() -> Found:
        raise ConnectionError("password=secret")

    answer = Asker().ask({"broken": Part(broken, "a test")})["broken"]
    assert (answer.found.ok, answer.found.words) == (False, "It failed: ConnectionError.")
    assert answer.source == "a test"
    assert answer.observed_at is not None and answer.duration_ms >= 0


def test_a_part_that_hangs_holds_up_neither_the_others_nor_who_asks(gate: threading.Event) -> None:
    def hanging() -> Found:
        gate.wait()
        return well()

    asker = Asker(bound_s=0.05)
    parts = {"hangs": Part(hanging, "a test"), "well": Part(well, "a test")}
    asker.ask({"well": parts["well"]})  # however slow the machine, it has answered once
    for _ in range(3):
        answers = asker.ask(parts)
        assert not answers["hangs"].found.ok
        assert "has not answered for" in answers["hangs"].found.words
        assert answers["hangs"].observed_at is None
    waiting = [one for one in threading.enumerate() if one.name == "health hangs"]
    assert len(waiting) == 1, "one thread waits for it, however often it is asked"


def test_a_part_that_hung_is_well_again_when_it_answers(gate: threading.Event) -> None:
    calls = []

    def slow_at_first() -> Found:
        calls.append(1)
        gate.wait()
        return well()

    asker = Asker(bound_s=0.05, remembered_s=0)
    part = {"part": Part(slow_at_first, "a test")}
    assert not asker.ask(part)["part"].found.ok
    assert len(calls) == 1
    gate.set()
    while not asker.ask(part)["part"].found.ok:  # each waits a moment; the run's time-out bounds it
        assert len(calls) >= 1


def test_who_asks_again_at_once_gets_the_same_answer_with_its_age() -> None:
    asked = []

    def counting() -> Found:
        asked.append(1)
        return well()

    asker = Asker(remembered_s=3600)
    part = {"part": Part(counting, "a test")}
    first, second = asker.ask(part)["part"], asker.ask(part)["part"]
    assert len(asked) == 1 and first == second
    assert (second.age_s(timezone.now()) or 0) >= 0
    asker.forget()
    asker.ask(part)
    assert len(asked) == 2
