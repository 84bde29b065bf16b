from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from audit.record import Actor
from sites.models import Host, Site
from tests.provisioning.rollouts.rows import make_sites, make_template
from tests.provisioning.rows import make_host


@pytest.fixture(autouse=True)
def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker is told of anything."""
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)


@pytest.fixture
def host(db: None) -> Host:
    return make_host()


@pytest.fixture
def five(host: Host) -> list[Site]:
    """a to e, on the first of two versions."""
    make_template()
    return make_sites(host, *"abcde")


@pytest.fixture
def boss(admin: User) -> Actor:
    return Actor(user_id=admin.pk, name=admin.username, source="api")
