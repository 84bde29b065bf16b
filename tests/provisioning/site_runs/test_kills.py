"""A worker is killed at a step; afterwards the operation is finished or undone, never half.

The places here are those where most is under way; `make kills` goes through all of them.
"""

from __future__ import annotations

import pytest

from provisioning.new_site import provision_new
from sites.models import Host
from tests.lab import Lab
from tests.provisioning.rows import COMMAND
from tests.provisioning.site_runs.acts import asked, did, made, prepared, seen, told, words
from tests.provisioning.site_runs.bare import make_template
from tests.provisioning.site_runs.killing import killed_at, taken_over
from tests.provisioning.site_runs.truth import as_removed, as_served
from tests.provisioning.site_runs.world import differences, world

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("place_of_death", ["Start/before", "Proxy/after", "Finish/after"])
def test_provisioning(place: Host, lab: Lab, place_of_death: str) -> None:
    make_template()
    site, operation = provision_new(place, told(), actor=COMMAND)
    assert killed_at(operation, place_of_death)
    assert taken_over(operation).status == "succeeded", words(operation)
    as_served(lab.web1, site, "hello")


def test_provisioning_that_fails_and_is_killed_while_it_is_undone(place: Host, lab: Lab) -> None:
    make_template()
    before = world(lab.web1)
    _, operation = provision_new(place, told(params={"site_mood": "crash"}), actor=COMMAND)
    assert killed_at(operation, "Take back: containers/after")
    assert taken_over(operation).status == "undone", words(operation)
    assert not differences(before, world(lab.web1))


@pytest.mark.parametrize("place_of_death", ["Start/after", "Proxy/after", "Remove the old/before"])
def test_a_release(place: Host, lab: Lab, place_of_death: str) -> None:
    make_template()
    site = made(place)
    operation = asked(site, "site.release", number=prepared(site, SITE_TITLE="second"))
    assert killed_at(operation, place_of_death)
    assert seen(lab.web1)[0] == 200
    assert taken_over(operation).status == "succeeded", words(operation)
    as_served(lab.web1, site, "second")


def test_a_bad_release_that_is_killed_while_it_is_undone(place: Host, lab: Lab) -> None:
    make_template()
    site = made(place)
    before = world(lab.web1)
    operation = asked(site, "site.release", number=prepared(site, SITE_MOOD="crash"))
    assert killed_at(operation, "Take back: what was new/before")
    assert taken_over(operation).status == "undone", words(operation)
    assert not differences(before, world(lab.web1))


@pytest.mark.parametrize("place_of_death", ["Containers/before", "Files/after", "Forget/after"])
def test_deprovisioning(place: Host, lab: Lab, place_of_death: str) -> None:
    make_template()
    site = made(place)
    key = site.pk
    operation = asked(site, "site.deprovision", remove_volumes=True, remove_files=True)
    assert killed_at(operation, place_of_death)
    assert taken_over(operation).status == "succeeded", words(operation)
    as_removed(lab.web1, key)


def test_a_rollback(place: Host, lab: Lab) -> None:
    make_template()
    site = made(place)
    assert did(site, "site.release", number=prepared(site, SITE_TITLE="second")).message
    operation = asked(site, "site.rollback")
    assert killed_at(operation, "Finish/before")
    assert taken_over(operation).status == "succeeded", words(operation)
    as_served(lab.web1, site, "hello")
