from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.hostile.corpus import Corpus
from tests.hostile.world import rights_once
from tests.provisioning.conftest import fake

__all__ = ["fake", "rights_once"]


@pytest.fixture
def corpus() -> Iterator[Corpus]:
    """At the end nothing of it may have run on this machine."""
    made = Corpus()
    yield made
    ran = made.ran()
    made.clean()
    assert ran == [], "these hostile values were executed"


@pytest.fixture(autouse=True)
def own_copy_of_the_audit(settings: Settings, tmp_path: Path) -> None:
    """Else what one test has written of entries that it took back is missing for the next."""
    settings.DATA_DIR = tmp_path
