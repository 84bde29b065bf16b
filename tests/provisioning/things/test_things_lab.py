"""Real Docker over SSH: a pull layer by layer, a newer image, and what is in use stays."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from provisioning.drivers import pool
from provisioning.models import Operation
from provisioning.previews import preview_prune
from provisioning.things.pruning import digest_of
from provisioning.things.telling import images_report, volumes_report
from sites.models import Host
from sites.rows import EVERYTHING
from tests.lab import Lab
from tests.lab.command import LabError
from tests.lab.image_registry import registry
from tests.lab.images import BUSYBOX
from tests.provisioning.rows import COMMAND
from tests.provisioning.test_hosts_lab import known
from tests.provisioning.things.on_host import ran

pytestmark = [pytest.mark.lab, pytest.mark.django_db]
NAME = "127.0.0.1:5000/shop/web:1"
CONTAINERS, VOLUMES = ("t6-old", "t6-job"), ("t6_used", "t6_spare", "t6_new")


@dataclass
class Place:
    lab: Lab
    row: Host

    def docker(self, *words: str) -> str:
        return self.lab.web1.docker(*words).strip()

    def does(self, kind: str, **given: Any) -> Operation:
        return ran(self.row, kind, **given)

    def checksum(self, volume: str) -> str:
        """Of every file in the volume, as it lies on the host's disk."""
        found = hashlib.sha256()
        mount = self.docker("volume", "inspect", "--format", "{{.Mountpoint}}", volume)
        for path in sorted(self.lab.web1.path(mount).rglob("*")):
            found.update(path.name.encode() + path.read_bytes())
        return found.hexdigest()


@pytest.fixture
def place(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    yield Place(lab, known(lab.web1))
    for argv in (
        *(("rm", "--force", one) for one in CONTAINERS),
        *(("volume", "rm", one) for one in VOLUMES),
        ("network", "rm", "t6_net"), ("network", "rm", "t6_back"), ("rmi", "--force", NAME),
    ):  # fmt: skip
        with suppress(LabError):  # most of it is gone in a good run
            lab.web1.docker(*argv)
    pool.close_all()


def image(place: Place, name: str) -> dict[str, Any]:
    items = images_report(place.row, EVERYTHING)["items"]
    found = (one for one in items if name in one["names"] or name == one["id"])
    return next(found, {})


def test_a_pull_a_newer_image_and_a_prune(place: Place, tmp_path: Path) -> None:
    layers = [os.urandom(600_000) for _ in range(3)]
    with registry(place.lab.web1, tmp_path) as (there, process):
        digest = there.publish("shop/web", "1", layers=layers)
        pulled = place.does("image.pull", name=NAME)
        assert (pulled.status, pulled.message) == ("succeeded", f"{NAME} was pulled on it.")
        said = [line.text for line in pulled.output.all()]
        for word in ("Pulling fs layer", "Download complete", "Pull complete"):
            assert sum(line.endswith(f": {word}") for line in said) == 3, said
        assert place.does("image.pull", name=NAME).message.startswith(f"{NAME} was up to date")
        old = image(place, NAME)
        assert old["digests"] == [f"127.0.0.1:5000/shop/web@{digest}"]
        assert old["registry"][0]["state"] == "current"
        missing = place.does("image.pull", name="127.0.0.1:5000/shop/none:1")
        assert missing.error_code == "image_missing"

        there.publish("shop/web", "1", layers=[*layers[:2], b"newer"])
        assert "1 newer" in place.does("image.check", name=NAME).message
        assert image(place, NAME)["registry"][0]["state"] == "newer"
        place.docker("create", "--name=t6-old", NAME)
        again = place.does("image.pull", name=NAME)
        assert sum(one.text.endswith(": Already exists") for one in again.output.all()) == 2
        assert image(place, NAME)["registry"][0]["state"] == "current"

        process.kill()
        process.wait()
        asked = place.does("image.check", name=NAME)
        assert (asked.status, "1 unknown" in asked.message) == ("succeeded", True)
        assert image(place, NAME)["registry"][0]["state"] == "unknown"
        assert place.does("image.pull", name=NAME).error_code == "registry_down"

    # The old one has lost its name. While a container is made of it, it stays.
    assert old["id"] not in planned(place)
    refused = place.does("image.remove", name=old["id"])
    assert (refused.error_code, "t6-old (created)" in refused.message) == ("in_use", True)
    place.docker("rm", "t6-old")
    assert old["id"] in planned(place)
    shown = {"images": [old["id"]], "plan_digest": digest_of([old["id"]])}
    place.docker("create", "--name=t6-old", old["id"])
    skipped = place.does("image.prune", **shown)
    assert list(skipped.result["skipped"].values()) == ["It is used by t6-old (created)."]
    place.docker("rm", "t6-old")
    assert place.does("image.prune", **shown).result == {"removed": 1, "skipped": {}}
    assert image(place, old["id"]) == {}
    assert place.does("image.tag", name=NAME, new_name="t6/copy:1").status == "succeeded"
    assert place.does("image.remove", name="t6/copy:1").status == "succeeded"
    assert place.does("image.remove", name=NAME).status == "succeeded"


def planned(place: Place) -> set[str]:
    plan = preview_prune(place.row, all_unused=False, actor=COMMAND)
    return {str(item) for item in plan.items}


def test_data_stays_but_for_the_verb_that_is_named_for_it(place: Place) -> None:
    for volume, network, name in (
        ("t6_used", "t6_net", "t6-job"), ("t6_spare", "bridge", "t6-old"),
    ):  # fmt: skip
        if network != "bridge":
            place.docker("network", "create", network)
        script = "head -c 300000 /dev/urandom > /x/data"
        place.docker("run", "--name", name, f"--network={network}", f"--volume={volume}:/x",
                     BUSYBOX, "sh", "-c", script)  # fmt: skip
    place.docker("rm", "t6-old")
    before = {one: place.checksum(one) for one in ("t6_used", "t6_spare")}

    assert place.does("volume.create", name="t6_new", labels=["a=b"]).status == "succeeded"
    assert place.does("volume.create", name="t6_used").error_code == "name_taken"
    assert place.does("network.create", name="t6_back", internal=True).status == "succeeded"
    for kind, name in (("volume.remove", "t6_used"), ("network.remove", "t6_net"),
                       ("network.remove", "bridge")):  # fmt: skip
        refused = place.does(kind, name=name, confirm=name)
        assert (refused.status, refused.error_code) == ("failed", "in_use"), refused.message
    assert place.does("host.measure").status == "succeeded"
    listed = {one["name"]: one for one in volumes_report(place.row, EVERYTHING)["items"]}
    assert listed["t6_spare"]["size_bytes"] >= 300_000
    assert (listed["t6_used"]["in_use"], listed["t6_spare"]["in_use"]) == (True, False)
    for kind, name in (("network.remove", "t6_back"), ("volume.remove", "t6_new")):
        assert place.does(kind, name=name, confirm=name).status == "succeeded"
    assert {one: place.checksum(one) for one in before} == before

    gone = place.does("volume.remove", name="t6_spare", confirm="t6_spare")
    assert gone.status == "succeeded", gone.message
    assert place.checksum("t6_used") == before["t6_used"]
    with pytest.raises(LabError):
        place.docker("volume", "inspect", "t6_spare")
