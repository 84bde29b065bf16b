"""pytest fixtures: one lab for the whole run, and no fault left over from one test to the next."""

import os
from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab
from tests.lab.requirements import missing


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With LAB=0 leave out what needs the lab, and say so; it is never left out otherwise."""
    if os.environ.get("LAB") != "0":
        return
    left_out = [item for item in items if item.get_closest_marker("lab")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The lab, started with the first test that asks for it and stopped after the last test."""
    if reasons := missing():
        pytest.fail(
            f"cannot run the tests of the lab: {'; '.join(reasons)} (LAB=0 leaves them out)"
        )
    with Lab.start() as started:
        yield started


@pytest.fixture(autouse=True)
def lab_hosts_healed(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test that uses the lab, take back every fault it left."""
    uses_lab = "lab" in request.fixturenames
    started = request.getfixturevalue("lab") if uses_lab else None
    yield
    if started is not None:
        started.heal()
