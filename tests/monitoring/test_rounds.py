"""Rounds of anything: what hangs keeps only itself, mistakes of ours are not repeated at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pytest
from django.db import OperationalError

from monitoring.rounds import Rounds
from provisioning.drivers.errors import DriverError
from tests.monitoring.waiting import until


class Made(Rounds[str]):
    """Of two things; ``one`` does what it is told."""

    what = "things"

    def __init__(self, **given: Any) -> None:
        super().__init__(database=lambda work: work(), **given)
        self.looked: list[str] = []
        self.own: list[str] = []
        self.goes_on = threading.Event()
        self.one: Exception | None = None
        self.turns: list[Exception] = []

    def _due(self, busy: Collection[int]) -> Mapping[int, str]:
        if self.turns:
            raise self.turns.pop()
        return {key: name for key, name in ((1, "one"), (2, "two")) if key not in busy}

    def _look_at(self, key: int, thing: str) -> None:
        self.looked.append(thing)
        if thing == "one":
            self.goes_on.wait(20)
            if self.one:
                raise self.one

    def _failed_ourselves(self, thing: str) -> None:
        self.own.append(thing)


@pytest.fixture
def rounds() -> Iterator[Made]:
    made = Made(turn_s=0.01)
    yield made
    made.goes_on.set()
    made.close(timeout_s=5)
    until(lambda: not made._under_way)


def test_one_that_hangs_is_not_looked_at_twice_and_keeps_no_other(rounds: Made) -> None:
    rounds.start()
    until(lambda: rounds.looked.count("two") >= 3)
    assert rounds.looked.count("one") == 1


@pytest.mark.parametrize(
    ("error", "level", "rests"),
    [
        (DriverError("It is away.", "unreachable"), logging.INFO, False),
        (OperationalError("locked"), logging.WARNING, False),
        (ValueError("a bug"), logging.ERROR, True),
    ],
)
def test_what_goes_wrong_is_told_and_only_our_mistakes_rest(
    rounds: Made, caplog: pytest.LogCaptureFixture, error: Exception, level: int, rests: bool
) -> None:
    caplog.set_level(logging.INFO, "monitoring.rounds")
    rounds.one = error
    rounds.goes_on.set()
    rounds.turn()
    until(lambda: not rounds._under_way)
    assert [record.levelno for record in caplog.records] == [level]
    assert rounds._busy() == ({1} if rests else set())
    assert rounds.own == (["one"] if rests else [])


@pytest.mark.parametrize("error", [OperationalError("gone"), ValueError("a bug")])
def test_a_turn_that_fails_ends_no_later_one(rounds: Made, error: Exception) -> None:
    rounds.turns = [error]
    rounds.start()
    until(lambda: "two" in rounds.looked)


def test_one_that_never_began_is_closed() -> None:
    Made().close()
