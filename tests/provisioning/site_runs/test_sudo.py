"""Sites on a host whose login is no root: all of it goes through sudo."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning import engine
from provisioning.models import Quarantine
from tests.lab import Lab
from tests.provisioning.rows import COMMAND
from tests.provisioning.site_runs.acts import did, made, prepared, seen, words
from tests.provisioning.site_runs.bare import make_template
from tests.provisioning.site_runs.ground import ended, ready
from tests.provisioning.site_runs.world import differences, world

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]


def test_a_whole_life(lab: Lab, tmp_path: Path) -> None:
    make_template()
    host, steward = lab.web2, lab.web2.logins["steward"]
    login = {"username": steward.user, "private_key": steward.private_key, "sudo": True}
    with ready(host, directory=tmp_path, **login) as place:
        before = world(host)
        site = made(place)
        assert seen(host) == (200, "hello")
        released = did(site, "site.release", number=prepared(site, SITE_TITLE="second"))
        assert released.status == "succeeded", words(released)
        assert seen(host) == (200, "second")
        removed = did(site, "site.deprovision", remove_volumes=True, remove_files=True)
        assert removed.status == "succeeded", words(removed)
        kept = Quarantine.objects.get()
        purged = engine.start("quarantine.purge", kept, actor=COMMAND, confirm_name="corner")
        assert ended(purged).status == "succeeded", words(purged)
        host.run("rmdir", "/srv/.quarantine")
        assert not differences(before, world(host))
