from __future__ import annotations

from collections.abc import Iterator

import pytest

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
