"""An Engine on a unix socket that answers as a test tells it to, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.drivers.dockerd import Dockerd
from tests.provisioning.drivers.docker_double import Double, engine
from tests.provisioning.drivers.servers import unix_server


@pytest.fixture
def double() -> Double:
    return Double()


@pytest.fixture
def docker(double: Double, tmp_path: Path) -> Iterator[Dockerd]:
    with unix_server(tmp_path / "docker.sock", double) as path:
        made = engine(path)
        yield made
        made.close()
