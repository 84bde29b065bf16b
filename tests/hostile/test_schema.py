"""The description of the API is true: random requests made from it are answered as it says."""

from __future__ import annotations

import os
import time

import pytest

from tests.hostile.schema_run import run
from tests.siteflow.things import Things, things

__all__ = ["things"]
CASES = int(os.environ.get("SCHEMA_CASES", "1200"))


@pytest.mark.usefixtures("rights_once")
def test_answers_are_as_described(things: Things) -> None:
    began = time.monotonic()
    figures = run(cases=CASES)
    took_s = time.monotonic() - began
    print(f"{figures.cases} cases, {figures.server_errors} server errors, {took_s:.0f} s")
    print("by status:", dict(sorted(figures.statuses.items())))
    for where, what in figures.found.items():
        print(where, what)
    assert list(figures.found) == []
    assert figures.cases >= 0.9 * CASES >= 1_000
    assert figures.server_errors == 0
