"""A host of the lab with a proxy, on which sites are really made, changed and removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sites.models import Host
from tests.lab import Lab
from tests.provisioning.site_runs.ground import clean_host, ended, ready, registered

__all__ = ["clean", "ended", "place", "registered"]


@pytest.fixture
def place(lab: Lab, transactional_db: None, tmp_path: Path) -> Iterator[Host]:
    """Reached by SSH as root. Afterwards as it was."""
    with ready(lab.web1, directory=tmp_path) as row:
        yield row


def clean(lab: Lab) -> None:
    clean_host(lab.web1)
