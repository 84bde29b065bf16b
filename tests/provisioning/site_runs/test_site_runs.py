"""Sites on a real host: made, released, rolled back, removed, adopted."""

from __future__ import annotations

import pytest
from django.utils import timezone

from provisioning import engine
from provisioning.drivers.errors import DriverError
from provisioning.log_archive.models import LogArchive
from provisioning.models import Operation, Quarantine
from provisioning.new_site import provision_new
from provisioning.operations import site_address
from provisioning.operations.site_work import Work
from provisioning.plans.asking import plan_new, plan_release
from sites.models import Host, Site
from tests.lab import Lab
from tests.provisioning.rows import COMMAND
from tests.provisioning.site_runs.acts import (
    asked,
    did,
    made,
    prepared,
    seen,
    told,
    visitors,
    words,
)
from tests.provisioning.site_runs.bare import COMPOSE, make_template
from tests.provisioning.site_runs.ground import ended
from tests.provisioning.site_runs.truth import as_served
from tests.provisioning.site_runs.world import checksums, differences, world

pytestmark = pytest.mark.lab


def test_from_plan_to_site_to_nothing(place: Host, lab: Lab) -> None:
    make_template()
    before = world(lab.web1)
    plan = plan_new(place, told())
    assert not plan.blocking, plan.problems
    assert not differences(before, world(lab.web1)), "a plan changes nothing"
    site, operation = provision_new(place, told(), actor=COMMAND, plan_digest=plan.digest)
    ended(operation)
    assert operation.status == "succeeded", words(operation)
    assert seen(lab.web1) == (200, "hello")
    site.refresh_from_db()
    again, _, _ = plan_release("site.release", site.releases.get())
    assert again.to_do == [], "what runs is what was wanted"
    removed = did(site, "site.deprovision", remove_volumes=True, remove_files=True)
    assert removed.status == "succeeded", words(removed)
    assert not Site.objects.filter(pk=site.pk).exists()
    kept = Quarantine.objects.get()
    assert kept.volumes == ["corner_store"]
    purged = engine.start("quarantine.purge", kept, actor=COMMAND, confirm_name="corner")
    assert ended(purged).status == "succeeded", words(purged)
    lab.web1.run("rmdir", "/srv/.quarantine")
    assert not differences(before, world(lab.web1))


def test_a_release_takes_over_without_a_dropped_request(place: Host, lab: Lab) -> None:
    make_template()
    site = made(place)
    data = checksums(lab.web1, "corner_store")
    store = world(lab.web1).containers["corner-store-1"]
    with visitors(lab.web1) as troubles:
        number = prepared(site, SITE_TITLE="second")
        released = did(site, "site.release", number=number)
        assert released.status == "succeeded", words(released)
        assert seen(lab.web1) == (200, "second")
        back = did(site, "site.rollback")
        assert back.status == "succeeded", words(back)
        assert seen(lab.web1) == (200, "hello")
    assert troubles[1:] == [] and int(troubles[0]) > 20
    assert checksums(lab.web1, "corner_store") == data
    assert world(lab.web1).containers["corner-store-1"] == store, "what did not change runs on"
    assert [row.status for row in site.releases.all()] == ["past", "current"]
    kept = {(row.kind, row.release) for row in LogArchive.objects.filter(site=site)}
    assert ("proxy", None) in kept, (kept, words(released))


def test_a_service_of_two_containers_has_two_after_a_release(place: Host, lab: Lab) -> None:
    make_template(compose=COMPOSE.replace("  web:\n", "  web:\n    scale: 2\n"))
    site = made(place)
    old = {name: rest for name, rest in world(lab.web1).containers.items() if "-web-" in name}
    with visitors(lab.web1) as troubles:
        released = did(site, "site.release", number=prepared(site, SITE_TITLE="second"))
    assert released.status == "succeeded", words(released)
    assert troubles[1:] == [] and seen(lab.web1) == (200, "second")
    new = {name: rest for name, rest in world(lab.web1).containers.items() if "corner-web-" in name}
    assert len(new) == 2 and not set(new.values()) & set(old.values())


@pytest.mark.parametrize(
    ("env", "code"),
    [
        ({"SITE_IMAGE": "siteflow/nowhere:1"}, "image_missing"),
        ({"SITE_MOOD": "crash"}, "unhealthy"),
        ({"SITE_MOOD": "sick"}, "unhealthy"),
        ({"SITE_MOOD": "missing"}, "no_answer"),
    ],
)
def test_a_bad_release_leaves_the_good_one_serving(
    place: Host, lab: Lab, env: dict[str, str], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make kills` has more than forty of them."""
    monkeypatch.setattr(site_address, "ANSWER_S", 5)
    make_template()
    site = made(place)
    before = world(lab.web1)
    with visitors(lab.web1) as troubles:
        released = did(site, "site.release", number=prepared(site, **env))
    assert (released.status, released.error_code) == ("undone", code), words(released)
    assert troubles[1:] == []
    assert not differences(before, world(lab.web1))
    assert [row.status for row in site.releases.all()] == ["failed", "current"]


def test_what_serves_already_is_brought_to_its_end(
    place: Host, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host hangs up and somebody cancels when the new container answers: too late for both."""
    make_template()
    site = made(place)
    operation = asked(site, "site.release", number=prepared(site, SITE_TITLE="second"))
    put, failed = Work.put_in_place, list[str]()

    def once_broken(work: Work) -> None:
        if not failed:
            failed.append("once")
            Operation.objects.filter(pk=operation.pk).update(cancel_requested_at=timezone.now())
            raise DriverError("web1: the connection broke", "link_lost")
        put(work)

    monkeypatch.setattr(Work, "put_in_place", once_broken)
    assert ended(operation).status == "succeeded", words(operation)
    as_served(lab.web1, site, "second")
