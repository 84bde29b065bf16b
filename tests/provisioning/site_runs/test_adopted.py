"""A project that somebody else started is taken over as it runs; a bad release does not end it."""

from __future__ import annotations

import pytest

from sites.models import Host, Site
from tests.lab import Lab
from tests.provisioning.site_runs.acts import did, prepared, words
from tests.provisioning.site_runs.olden import COMPOSE, FOLDER, found
from tests.provisioning.site_runs.world import World, checksums, differences, world

pytestmark = pytest.mark.lab


def running(there: World) -> dict[str, str]:
    return {name: rest for name, rest in there.containers.items() if name.startswith("olden-")}


def test_it_is_taken_over_and_given_back_untouched(place: Host, lab: Lab) -> None:
    site = found(place, lab.web1)
    before = world(lab.web1)
    adopted = did(site, "site.adopt")
    assert adopted.status == "succeeded", words(adopted)
    assert not differences(before, world(lab.web1))
    release = site.releases.get()
    assert (release.compose, release.reveal()) == (COMPOSE, {"MOOD": "good"})
    assert did(Site.objects.get(pk=site.pk), "site.disown").status == "succeeded"
    assert not differences(before, world(lab.web1))
    assert not Site.objects.get(pk=site.pk).managed


def test_a_bad_release_starts_what_ran_before(place: Host, lab: Lab) -> None:
    """It cannot run twice, so it was stopped for it."""
    site = found(place, lab.web1)
    did(site, "site.adopt")
    data = checksums(lab.web1, "olden_store")
    released = did(site, "site.release", number=prepared(site, MOOD="bad"))
    assert (released.status, released.error_code) == ("undone", "unhealthy"), words(released)
    assert [rest.split()[1] for rest in running(world(lab.web1)).values()] == ["running"]
    assert lab.web1.run("cat", f"{FOLDER}/.env").stdout == "MOOD=good\n"
    kept = checksums(lab.web1, "olden_store")
    assert len(kept.splitlines()) == len(data.splitlines()) == 1
    assert [row.status for row in site.releases.all()] == ["failed", "current"]
