"""The description of the API is true: random requests made from it are answered as it says."""

from __future__ import annotations

import pytest

from tests.hostile.schema_run import run
from tests.siteflow.test_permissions import Things, things

__all__ = ["things"]


@pytest.mark.usefixtures("rights_once")
def test_answers_are_as_described(things: Things) -> None:
    figures = run(cases=1_200)
    for where, what in figures.found.items():
        print(where, what)
    assert figures.found == {}
    assert figures.cases >= 1_000
    assert figures.server_errors == 0
