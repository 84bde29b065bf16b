from __future__ import annotations

import pytest

from tests.provisioning.backups.trees import FakeNas


@pytest.fixture
def nas(monkeypatch: pytest.MonkeyPatch) -> FakeNas:
    """Whatever NAS a verb looks at is this one, and nobody rings for a worker."""
    fake = FakeNas()
    monkeypatch.setattr("provisioning.operations.backups.nas_driver", lambda row: fake)
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    return fake
