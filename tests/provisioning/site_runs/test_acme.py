"""A site gets its certificate from an ACME authority, which asks the host for it by the name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from provisioning.proxy.report import report
from sites.models import Host
from tests.lab import Lab
from tests.lab.acme import Authority, authority
from tests.provisioning.site_runs.acts import made
from tests.provisioning.site_runs.bare import make_template
from tests.provisioning.site_runs.visitor import Visitor

pytestmark = pytest.mark.lab
NAME = "corner.example.test"


@pytest.fixture
def acme(lab: Lab, settings: LazySettings, tmp_path: Path) -> Iterator[Authority]:
    with authority(lab.bare, names_lead_to=lab.web1, folder=tmp_path) as there:
        settings.ACME_DIRECTORY = there.directory
        settings.ACME_CA_ROOT = str(there.tls_root_file)
        yield there


def test_a_public_certificate(acme: Authority, place: Host, lab: Lab) -> None:
    make_template()
    made(place, tls="acme")
    assert Visitor(lab.web1, NAME, acme.root_pem).page("/").strip() == "hello"
    told = report(place)
    assert told["state"] == "in_step"
    assert f"certificate: by {acme.directory}" in told["vhosts"][0]["serves"]
