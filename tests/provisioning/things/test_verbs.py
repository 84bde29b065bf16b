"""Pulling, tagging, making and removing: what is done, what is refused, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.models import Entry
from provisioning import engine
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.fake_things import FakeSource, fake_image, fake_source
from provisioning.engine.errors import BadParams
from provisioning.models import DiskMeasure, Operation, RegistryCheck
from sites.models import Host
from tests.provisioning.site_rows import make_quarantine, make_release, make_site
from tests.provisioning.things.on_host import image_id, ran, start, volume

pytestmark = pytest.mark.django_db
LAYER = "a" * 12


def lines(row: Operation) -> list[str]:
    return [line.text for line in row.output.all()]


def layer(status: str, current: int = 0, total: int = 0) -> dict[str, Any]:
    return {"id": LAYER, "status": status, "progressDetail": {"current": current, "total": total}}


# -- pull -------------------------------------------------------------------------------------


def test_a_pull_shows_its_layers(row: Host, fake: FakeHost) -> None:
    source = fake_source("redis:7")
    told = (layer("Pulling fs layer"), layer("Downloading", 5, 10), layer("Pull complete"))
    fake.registry["redis:7"] = FakeSource(source.image, source.digest, told)
    done = ran(row, "image.pull", name="redis:7")
    assert (done.status, done.message) == ("succeeded", "redis:7 was pulled on web1.")
    assert lines(done) == [
        f"{LAYER}: {word}" for word in ("Pulling fs layer", "Downloading", "Pull complete")
    ]
    assert [step.name for step in done.steps.all()] == ["Look", "Pull", "Check"]
    entry = Entry.objects.get(operation_id=done.pk, phase="outcome")
    assert (entry.before, entry.after) == (
        {"image": ""}, {"image": source.image.image_id, "digest": source.digest},
    )  # fmt: skip
    assert RegistryCheck.objects.get().digest == source.digest
    again = ran(row, "image.pull", name="redis:7")
    assert again.message == "redis:7 was up to date already on web1."


def test_a_pull_without_a_tag_is_of_the_latest(row: Host, fake: FakeHost) -> None:
    fake.registry["redis"] = fake_source("redis")
    assert ran(row, "image.pull", name="redis").message == "redis:latest was pulled on web1."


def test_a_pull_writes_how_far_it_is_and_can_be_ended(
    row: Host, fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.operations.images._EVERY_S", 0)
    percents: list[int] = []
    source = fake_source("redis:7")
    told = (layer("Downloading", 5, 10), layer("Pull complete"))
    fake.registry["redis:7"] = FakeSource(source.image, source.digest, told)
    begun = start(row, "image.pull", name="redis:7")
    real = json.dumps

    def dumps(line: Any, **given: Any) -> str:
        if line == told[1]:
            percents.append(Operation.objects.get().percent)
            Operation.objects.update(
                cancel_requested_at=begun.created_at, cancel_requested_by="alice"
            )
        return real(line, **given)

    monkeypatch.setattr("provisioning.drivers.fake_things.json.dumps", dumps)
    engine.run(begun.pk)
    begun.refresh_from_db()
    assert (begun.status, begun.message) == ("cancelled", "Cancelled by alice.")
    assert percents == [39]  # 10 and of the 85 the half of what is downloading
    assert "redis:7" not in fake.images


@pytest.mark.parametrize("name", ["", "../x", "a b", image_id("1"), "a" * 600, "-x", "ü", "a\nb"])
def test_what_is_no_image_is_not_asked_for(row: Host, fake: FakeHost, name: str) -> None:
    with pytest.raises(BadParams):
        start(row, "image.pull", name=name)
    assert fake.ran == []


def test_a_pull_that_fails_says_why(row: Host, fake: FakeHost) -> None:
    done = ran(row, "image.pull", name="none:1")
    assert (done.status, done.error_code) == ("failed", "image_missing")
    fake.fail("pull_image", DriverError("web1: pulling failed: no such host", "registry_down"))
    done = ran(row, "image.pull", name="none:1")
    assert done.error_code == "registry_down" and "registry" in done.advice


# -- tag and remove ---------------------------------------------------------------------------


def test_one_more_name(row: Host, fake: FakeHost) -> None:
    done = ran(row, "image.tag", name="free:1", new_name="copy")
    assert done.message == "free:1 on web1 is also called copy:latest."
    assert fake.images["copy:latest"].image_id == image_id("4")
    assert ran(row, "image.tag", name="free:1", new_name="copy").status == "succeeded"


def test_a_name_is_not_taken_from_another_image(row: Host, fake: FakeHost) -> None:
    done = ran(row, "image.tag", name="free:1", new_name="job:1")
    assert (done.status, done.error_code) == ("failed", "name_taken")
    assert fake.images["job:1"].image_id == image_id("2")
    with pytest.raises(BadParams):
        start(row, "image.tag", name="free:1", new_name=f"x@{image_id('1')}")


def test_names_are_taken_away_one_by_one(row: Host, fake: FakeHost) -> None:
    whole = ran(row, "image.remove", name=image_id("4"))
    assert whole.error_code == "in_use" and "one by one" in whole.message
    first = ran(row, "image.remove", name="free:1")
    assert first.message == "free:1 was removed from web1; the image is still called free:2."
    last = ran(row, "image.remove", name="free:2")
    assert last.message == "free:2 was removed from web1."
    assert image_id("4") not in {one.image_id for one in fake.images.values()}
    assert ran(row, "image.remove", name="free:2").error_code == "not_found"


def test_one_without_a_name_goes_by_its_id(row: Host, fake: FakeHost) -> None:
    assert ran(row, "image.remove", name=image_id("5")).status == "succeeded"
    assert image_id("5") not in fake.images


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nginx:1.27", "nginx:1.27 is used by web."),
        ("job:1", "It is used by old (exited)."),
        ("shop-web:latest", "It belongs to a release of the site shop."),
        ("shop-web", "It belongs to a release of the site shop."),
        (image_id("2"), "It is used by old (exited)."),
    ],
)
def test_an_image_in_use_stays(row: Host, fake: FakeHost, name: str, why: str) -> None:
    before = dict(fake.images)
    done = ran(row, "image.remove", name=name)
    assert (done.status, done.error_code) == ("failed", "in_use")
    assert why in done.message
    assert fake.images == before
    assert not any(words[1] == "remove_image" for words in fake.ran)


def test_a_second_name_nobody_uses_may_go(row: Host, fake: FakeHost) -> None:
    assert ran(row, "image.remove", name="nginx:also").status == "succeeded"
    assert fake.images["nginx:1.27"].names == ("nginx:1.27",)


@pytest.mark.parametrize("status", ["current", "past", "prepared"])
def test_what_a_release_could_go_back_to_stays(row: Host, fake: FakeHost, status: str) -> None:
    site = make_site(row, "blog")
    compose = "services:\n  web:\n    image: free:1\n"
    make_release(site, status=status, images={}, compose=compose)
    assert ran(row, "image.remove", name="free:1").error_code == "in_use"
    site.releases.update(status="failed")
    assert ran(row, "image.remove", name="free:1").status == "succeeded"


# -- newer ones -------------------------------------------------------------------------------


def test_registries_are_asked_for_newer_images(row: Host, fake: FakeHost) -> None:
    for name, digest in {"a:1": "1", "b:1": "2", "c:1": "3", "made:1": ""}.items():
        digests = (f"{name[0]}@{image_id(digest)}",) if digest else ()
        fake.images[name] = fake_image(name, digests=digests)
    fake.registry["a:1"] = fake_source("a:1", digest=image_id("1"))
    fake.registry["b:1"] = fake_source("b:1", digest=image_id("9"))
    done = ran(row, "image.check")
    assert done.message == "Images on web1: 1 newer, 1 up to date, 1 unknown."
    assert lines(done) == [
        "a:1: current", "b:1: newer", "c:1: unknown (web1: manifest for c:1 not found)",
    ]  # fmt: skip
    assert not any(words[1] == "pull_image" for words in fake.ran)
    alone = ran(row, "image.check", name="made:1")
    assert alone.message == "Images on web1: 0 newer, 0 up to date, 1 unknown."


def test_a_host_that_is_gone_is_no_answer_of_a_registry(row: Host, fake: FakeHost) -> None:
    fake.images["a:1"] = fake_image("a:1", digests=(f"a@{image_id('1')}",))
    fake.fail("registry_digest", DriverError("web1: it broke", "link_lost"))
    assert ran(row, "image.check").error_code == "link_lost"
    assert not RegistryCheck.objects.exists()


# -- volumes ----------------------------------------------------------------------------------


def test_a_volume_is_made_once(row: Host, fake: FakeHost) -> None:
    done = ran(row, "volume.create", name="data", labels=["owner=ü $(id)", "a="])
    assert (done.status, done.message) == ("succeeded", "The volume data was made on web1.")
    labels = fake.volumes["data"].labels
    assert labels == {"owner": "ü $(id)", "a": "", "siteflow.made-by": done.journal["mark"]}
    assert ran(row, "volume.create", name="data").error_code == "name_taken"


@pytest.mark.parametrize("label", ["x", "=x", " a=b", "com.docker.compose.project=shop", "siteflow.operation=1"])  # fmt: skip  # noqa: E501
def test_labels_that_mean_something_are_not_given(row: Host, fake: FakeHost, label: str) -> None:
    for kind in ("volume.create", "network.create"):
        with pytest.raises(BadParams):
            start(row, kind, name="data", labels=[label])


def test_a_volume_goes_with_its_own_name_typed(row: Host, fake: FakeHost) -> None:
    for typed in (None, "", "web1", "FREE"):
        with pytest.raises(BadParams) as caught:
            start(row, "volume.remove", name="free", confirm=typed)
        assert caught.value.code == "confirm_mismatch" and "'free'" in caught.value.message
    done = ran(row, "volume.remove", name="free", confirm="free")
    assert done.message == "The volume free and its data were removed from web1."
    assert "free" not in fake.volumes


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("shop_db", "It is used by web."),
        ("spare", "It is used by old (exited)."),
        ("shop_old", "It belongs to the site shop: its data"),
        ("gone_db", "It belongs to the removed site gone, in quarantine"),
        ("siteflow-proxy_data", "It belongs to the host's proxy"),
        ("outside", "It belongs to the site shop"),
        ("named", "It belongs to the site shop"),
    ],
)
def test_a_volume_that_is_somebody_s_stays(row: Host, fake: FakeHost, name: str, why: str) -> None:
    make_quarantine(row, "gone")
    fake.volumes["gone_db"] = volume("gone_db")
    fake.volumes["siteflow-proxy_data"] = volume(
        "siteflow-proxy_data", labels={"com.docker.compose.project": "siteflow-proxy"}
    )
    fake.volumes |= {one: volume(one) for one in ("outside", "named")}
    compose = "volumes:\n  outside: {external: true}\n  data: {name: named}\n  plain:\n"
    make_release(row.sites.get(), 2, status="past", compose=compose)
    before = dict(fake.volumes)
    done = ran(row, "volume.remove", name=name, confirm=name)
    assert (done.status, done.error_code) == ("failed", "in_use")
    assert why in done.message
    assert fake.volumes == before
    assert not any(words[1] == "remove_volume" for words in fake.ran)


def test_sizes_are_measured_when_asked(row: Host, fake: FakeHost) -> None:
    usage = [{"Name": "free", "UsageData": {"Size": 7}}, {"Name": "spare"}]
    fake.usage = {"Volumes": usage}
    assert ran(row, "host.measure").message == "1 volumes and 0 images of web1 were measured."
    fake.usage = {"Volumes": [{"Name": "free", "UsageData": {"Size": 9}}]}
    ran(row, "host.measure")
    assert DiskMeasure.objects.get().volumes == {"free": 9}


# -- networks ---------------------------------------------------------------------------------


def test_the_life_of_a_network(row: Host, fake: FakeHost) -> None:
    done = ran(row, "network.create", name="back", internal=True)
    assert done.message == "The network back was made on web1."
    assert fake.networks["back"].internal
    assert ran(row, "network.create", name="back").error_code == "name_taken"
    with pytest.raises(BadParams):
        start(row, "network.remove", name="back", confirm="web1")
    assert ran(row, "network.remove", name="back", confirm="back").status == "succeeded"
    assert ran(row, "network.remove", name="back", confirm="back").error_code == "not_found"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("bridge", "It is Docker's own."),
        ("host", "It is Docker's own."),
        ("none", "It is Docker's own."),
        ("siteflow_proxy", "It belongs to the host's proxy."),
        ("shop_default", "It is used by web."),
        ("shop_back", "It belongs to the site shop."),
        ("side", "It is used by old (exited)."),
    ],
)
def test_a_network_that_is_somebody_s_stays(row: Host, fake: FakeHost, name: str, why: str) -> None:
    done = ran(row, "network.remove", name=name, confirm=name)
    assert (done.status, done.error_code) == ("failed", "in_use")
    assert why in done.message and name in fake.networks
