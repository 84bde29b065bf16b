from __future__ import annotations

import pytest

from provisioning.drivers.fake import FakeHost, fake_container


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    """A host in memory that every operation of the test runs on."""
    host = FakeHost(containers=[fake_container("shop-web-1"), fake_container("shop-db-1")])
    monkeypatch.setattr("provisioning.engine.worker.host_driver", lambda target: host)
    return host
