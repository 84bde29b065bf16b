"""A worker dies before or after each step of each verb: the next one ends with the same world."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioning import engine
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.fake_things import fake_source
from provisioning.models import Operation
from provisioning.things.asking import read_images
from provisioning.things.owning import owned_on
from provisioning.things.pruning import plan_of
from sites.models import Host
from sites.rows import EVERYTHING
from tests.provisioning.things.on_host import Killed, dying_at, filled, ran, rows, start, taken_over

pytestmark = pytest.mark.django_db
STEPS = {
    "image.pull": ("Look", "Pull", "Check"),
    "image.tag": ("Look", "Tag", "Check"),
    "image.remove": ("Look", "Remove", "Check"),
    "image.prune": ("Look", "Remove"),
    "image.check": ("Names", "Registries"),
    "volume.create": ("Look", "Create"),
    "volume.remove": ("Look", "Remove", "Check"),
    "network.create": ("Look", "Create"),
    "network.remove": ("Look", "Remove", "Check"),
    "host.measure": ("Measure",),
}


def asked(kind: str, host: Host, fake: FakeHost) -> dict[str, Any]:
    plan = plan_of(read_images(fake), owned_on(host, user=EVERYTHING), all_unused=True)
    given: dict[str, dict[str, Any]] = {
        "image.pull": {"name": "redis:7"},
        "image.tag": {"name": "free:1", "new_name": "copy:1"},
        "image.remove": {"name": "free:1"},
        "image.prune": {"images": list(map(str, plan.items)), "plan_digest": plan.digest},
        "volume.create": {"name": "data"},
        "volume.remove": {"name": "free", "confirm": "free"},
        "network.create": {"name": "back"},
        "network.remove": {"name": "free", "confirm": "free"},
    }
    return given.get(kind, {})


def world(fake: FakeHost) -> tuple[Any, ...]:
    """Without the number of the operation that made a thing."""
    images = sorted((key, one.image_id, one.names) for key, one in fake.images.items())
    return images, sorted(fake.volumes), sorted(fake.networks), sorted(fake.containers)


def places() -> Iterator[tuple[str, str, str]]:
    for kind, steps in STEPS.items():
        for step in steps:
            yield from ((kind, step, when) for when in ("before", "after"))


def good_world(kind: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    fake, host = fresh(monkeypatch), rows()
    done = ran(host, kind, **asked(kind, host, fake))
    assert done.status == "succeeded", done.message
    assert tuple(step.name for step in done.steps.all()) == STEPS[kind]
    host.delete()
    Operation.objects.all().delete()
    return world(fake)


def fresh(monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    fake = filled()
    fake.registry["redis:7"] = fake_source("redis:7")
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    monkeypatch.setattr("provisioning.engine.worker.host_driver", lambda target: fake)
    return fake


@pytest.mark.parametrize(("kind", "step", "when"), list(places()))
def test_a_worker_that_is_killed_leaves_nothing_half_done(
    kind: str, step: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = good_world(kind, monkeypatch)
    fake, host = fresh(monkeypatch), rows()
    row = start(host, kind, **asked(kind, host, fake))
    with dying_at(step, when), pytest.raises(Killed):
        engine.run(row.pk)
    row.refresh_from_db()
    assert row.status == "running"
    done = taken_over(row)
    assert (done.status, done.error_code) == ("succeeded", ""), done.message
    assert world(fake) == wanted


def test_one_that_is_killed_in_the_middle_of_a_prune_counts_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake, host = fresh(monkeypatch), rows()
    remove = fake.fake_docker.remove_image
    calls = []

    def dies(name: str, **given: Any) -> None:
        remove(name, **given)
        calls.append(name)
        if len(calls) == 2:
            raise Killed

    monkeypatch.setattr(fake.fake_docker, "remove_image", dies)
    monkeypatch.setattr("provisioning.operations.image_prune._Done.keep", lambda done: None)
    row = start(host, "image.prune", **asked("image.prune", host, fake))
    with dying_at("", ""), pytest.raises(Killed):
        engine.run(row.pk)
    monkeypatch.undo()
    monkeypatch.setattr("provisioning.engine.worker.host_driver", lambda target: fake)
    done = taken_over(row)
    assert done.status == "succeeded"
    assert done.result == {"removed": 3, "skipped": {}}


def test_a_volume_somebody_else_made_meanwhile_is_not_taken_for_one_s_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake, host = fresh(monkeypatch), rows()
    row = start(host, "volume.create", name="data")
    with dying_at("Create", "before"), pytest.raises(Killed):
        engine.run(row.pk)
    fake.docker.create_volume("data", labels={})
    assert taken_over(row).error_code == "name_taken"


def test_what_another_made_under_the_name_is_not_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    fake, host = fresh(monkeypatch), rows()
    row = start(host, "network.remove", name="free", confirm="free")
    with dying_at("Remove", "after"), pytest.raises(Killed):
        engine.run(row.pk)
    made = fake.networks["side"]
    fake.networks["free"] = type(made)("e" * 64, "free", "bridge")
    assert taken_over(row).status == "succeeded"
    assert "free" in fake.networks
