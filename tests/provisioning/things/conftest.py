from __future__ import annotations

import pytest

from provisioning.drivers.fake import FakeHost
from sites.models import Host
from tests.provisioning.things.on_host import filled, rows


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    """What every operation and every list of the test finds."""
    host = filled()
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    monkeypatch.setattr("provisioning.engine.worker.host_driver", lambda target: host)
    monkeypatch.setattr("provisioning.things.asking.host_driver", lambda target: host)
    return host


@pytest.fixture
def row(db: None) -> Host:
    return rows()
