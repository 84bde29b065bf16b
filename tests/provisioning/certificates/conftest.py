from __future__ import annotations

import pytest

from provisioning.drivers.fake import FakeHost
from tests.provisioning.certificates.things import resolve


@pytest.fixture(autouse=True)
def no_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks a name server."""
    resolve(monkeypatch)


@pytest.fixture
def fake() -> FakeHost:
    return FakeHost()
