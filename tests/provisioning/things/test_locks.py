"""What removes something from a host and what works on a site of it exclude each other."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning import engine
from provisioning.drivers.fake import FakeHost
from provisioning.engine.errors import BadParams, Busy
from provisioning.models import Operation
from provisioning.operations import VERBS
from provisioning.rollouts.advancing import _begin
from provisioning.rollouts.models import RolloutSite
from provisioning.things.pruning import digest_of
from sites.models import Host
from tests.provisioning.rows import COMMAND, make_host
from tests.provisioning.site_rows import make_release, make_rollout, make_site
from tests.provisioning.things.on_host import image_id, ran, start

pytestmark = pytest.mark.django_db
REMOVALS = {
    "image.remove": {"name": "free:1"},
    "volume.remove": {"name": "free", "confirm": "free"},
    "network.remove": {"name": "free", "confirm": "free"},
}
BESIDE = {"image.pull": {"name": "a:1"}, "volume.create": {"name": "a"}, "image.check": {}}


def release(host: Host) -> Operation:
    return engine.start("site.release", host.sites.get(), actor=COMMAND, params={"number": 1})


def begin(host: Host, kind: str, given: dict[str, Any]) -> Operation:
    return start(host, kind, **given)


def test_each_verb_that_removes_is_alone() -> None:
    told = {kind for kind, verb in VERBS.items() if verb.alone}
    assert told == {*REMOVALS, "image.prune"}


@pytest.mark.parametrize("kind", REMOVALS)
def test_nothing_is_removed_while_a_site_is_worked_on(row: Host, fake: FakeHost, kind: str) -> None:
    held = release(row)
    with pytest.raises(Busy) as caught:
        begin(row, kind, REMOVALS[kind])
    assert caught.value.details["operation"] == held.pk
    Operation.objects.filter(pk=held.pk).update(status="succeeded")
    assert begin(row, kind, REMOVALS[kind]).status == "queued"


@pytest.mark.parametrize("kind", REMOVALS)
def test_no_site_is_worked_on_while_something_is_removed(
    row: Host, fake: FakeHost, kind: str
) -> None:
    held = begin(row, kind, REMOVALS[kind])
    with pytest.raises(Busy) as caught:
        release(row)
    assert caught.value.details["operation"] == held.pk
    other = make_site(make_host("web2"))
    make_release(other)
    elsewhere = engine.start("site.release", other, actor=COMMAND, params={"number": 1})
    assert elsewhere.status == "queued"


@pytest.mark.parametrize("kind", BESIDE)
def test_what_removes_nothing_runs_beside_a_release(row: Host, fake: FakeHost, kind: str) -> None:
    release(row)
    assert begin(row, kind, BESIDE[kind]).status == "queued"


def test_no_container_is_made_while_something_is_removed(row: Host, fake: FakeHost) -> None:
    asked = {"name": "new", "image": "free:1"}
    held = begin(row, "container.create", asked)
    with pytest.raises(Busy) as caught:
        begin(row, "image.remove", REMOVALS["image.remove"])
    assert caught.value.details["operation"] == held.pk
    Operation.objects.filter(pk=held.pk).update(status="succeeded")
    removing = begin(row, "image.remove", REMOVALS["image.remove"])
    with pytest.raises(Busy) as caught:
        begin(row, "container.create", asked)
    assert caught.value.details["operation"] == removing.pk


def test_looking_at_a_site_is_no_work_on_it(row: Host, fake: FakeHost) -> None:
    engine.start("backup.check", row.sites.get(), actor=COMMAND)
    assert begin(row, "volume.remove", REMOVALS["volume.remove"]).status == "queued"


def test_one_thing_of_a_kind_at_a_time_and_the_host_is_free(row: Host, fake: FakeHost) -> None:
    held = begin(row, "image.pull", {"name": "a:1"})
    assert held.lock == f"host:{row.pk}:images"
    with pytest.raises(Busy):
        begin(row, "image.tag", {"name": "free:1", "new_name": "b:1"})
    assert begin(row, "image.pull", {"name": "a:1"}).pk == held.pk
    assert begin(row, "volume.create", {"name": "a"}).status == "queued"
    assert begin(row, "host.refresh", {}).status == "queued"


def test_a_rollout_waits_for_what_is_removed(row: Host, fake: FakeHost) -> None:
    begin(row, "volume.remove", REMOVALS["volume.remove"])
    site = row.sites.get()
    make_release(site, 2, status="prepared")
    rollout = make_rollout(site)
    one = RolloutSite.objects.get(rollout=rollout)
    RolloutSite.objects.filter(pk=one.pk).update(
        number=2, base=1, status="waiting", busy_since=None
    )
    one.refresh_from_db()
    assert _begin(rollout, one, rollout.created_at) is False
    one.refresh_from_db()
    assert (one.status, one.busy_since) == ("waiting", rollout.created_at)


def test_what_is_typed_is_of_one_thing_only(row: Host, fake: FakeHost) -> None:
    with pytest.raises(BadParams, match="one host at a time"):
        engine.start_many(
            "volume.remove", [row], actor=COMMAND, params={"name": "free"}, confirm_count=1
        )


def test_a_prune_is_not_repeated_by_its_old_list(row: Host, fake: FakeHost) -> None:
    items = [image_id("5")]
    done = ran(row, "image.prune", images=items, plan_digest=digest_of(items))
    with pytest.raises(BadParams):
        engine.retry(done, actor=COMMAND)
