"""A new container on a host in memory, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioning import engine
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.fake_things import fake_image
from provisioning.models import Operation
from sites.models import Host
from tests.provisioning.rows import COMMAND, make_host

IMAGE = "nginx:1.28"
MINIMAL: dict[str, Any] = {"name": "blog", "image": IMAGE}
FOLDER = "/srv/sites/_containers/blog"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHost]:
    """Has the image, and nothing else."""
    host = FakeHost()
    host.images[IMAGE] = fake_image(IMAGE)
    for module in ("engine.worker", "new_container.planning", "inspecting"):
        monkeypatch.setattr(f"provisioning.{module}.host_driver", lambda target: host)
    # What runs in memory goes on running.
    monkeypatch.setattr("provisioning.operations.container_create.STEADY_S", 0)
    yield host


def create(row: Host | None = None, **given: Any) -> Operation:
    """Asked for and carried out."""
    operation = ask(row, **given)
    engine.run(operation.pk)
    operation.refresh_from_db()
    return operation


def ask(row: Host | None = None, **given: Any) -> Operation:
    host = row or Host.objects.filter(name="web1").first() or make_host(sites_root="/srv/sites")
    return engine.start("container.create", host, actor=COMMAND, params={**MINIMAL, **given})


def world(fake: FakeHost) -> dict[str, Any]:
    """All that is on the host."""
    return {
        "containers": dict(fake.containers),
        "volumes": dict(fake.volumes),
        "networks": dict(fake.networks),
        "files": sorted(fake.files),
        "folders": sorted(fake.files.folders),
    }
