from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.siteflow.supervisor.running import Running, peer

Serve = Callable[..., Running]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a supervisor of the given shell commands; whatever is left at the end is killed."""
    started: list[Running] = []

    def start(roles: dict[str, str], **options: Any) -> Running:
        started.append(peer(tmp_path, roles, **options))
        return started[-1]

    yield start
    for running in started:
        running.clean_up()
