from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provisioning.drivers import parse_things
from provisioning.drivers.dockerd import Dockerd
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.fake_things import fake_image
from provisioning.drivers.host import DockerApi
from provisioning.drivers.things import DiskUsage, ImageState, NetworkState, VolumeState
from tests.lab.images import BUSYBOX
from tests.lab.lab import Lab
from tests.provisioning.drivers.docker_double import Double, engine, fails, http
from tests.provisioning.drivers.lab_targets import opened

ID = "sha256:" + "ab" * 32
LABELS = {"com.example.owner": "ü $(id)"}


@dataclass
class Place:
    """A Docker Engine where ``used`` is a network and a volume that a container has."""

    docker: DockerApi
    image: str
    used: str


def _fake() -> Place:
    labels = {"fake.volumes": "t5_used"}
    host = FakeHost(containers=[fake_container("web", image_id=ID, labels=labels)])
    host.networks["t5_used"] = NetworkState("f" * 64, "t5_used", "bridge", containers=("web",))
    host.volumes["t5_used"] = VolumeState("t5_used", "local")
    host.images[BUSYBOX] = fake_image(BUSYBOX, image_id=ID)
    return Place(host.docker, BUSYBOX, "t5_used")


@pytest.fixture(params=["fake", pytest.param("lab", marks=pytest.mark.lab)])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "fake":
        yield _fake()
        return
    lab: Lab = request.getfixturevalue("lab")
    lab.web1.docker("network", "create", "t5_used")
    using = ("--network=t5_used", "--volume=t5_used:/x", "--name=t5")
    lab.web1.docker("run", "--detach", "--init", *using, BUSYBOX, "sleep", "1000")
    try:
        with opened(lab.web1) as driver:
            yield Place(driver.docker, BUSYBOX, "t5_used")
    finally:
        lab.web1.docker("rm", "--force", "t5")
        lab.web1.docker("network", "rm", "t5_used")
        lab.web1.docker("volume", "rm", "t5_used")
        with contextlib.suppress(Exception):  # only where a test failed half-way
            lab.web1.docker("network", "rm", "t5_net")


def refuses(call: Callable[[], object], code: str) -> None:
    with pytest.raises(DriverError) as caught:
        call()
    assert caught.value.code == code, caught.value.message


def test_the_life_of_a_network(place: Place) -> None:
    made = place.docker.create_network("t5_net", labels=LABELS, internal=True)
    refuses(lambda: place.docker.create_network("t5_net", labels={}), "conflict")
    listed = {each.name: each for each in place.docker.networks()}
    known = replace(listed["t5_net"], created_at=None)
    assert known == NetworkState(made, "t5_net", "bridge", True, LABELS)
    assert place.docker.network("t5_net") == listed["t5_net"]
    place.docker.remove_network("t5_net")
    refuses(lambda: place.docker.network("t5_net"), "not_found")
    refuses(lambda: place.docker.remove_network("t5_net"), "not_found")


def test_a_network_in_use(place: Place) -> None:
    assert len(place.docker.network(place.used).containers) == 1
    refuses(lambda: place.docker.remove_network(place.used), "conflict")


def test_the_life_of_a_volume(place: Place) -> None:
    made = place.docker.create_volume("t5_vol", labels=LABELS)
    assert (made.name, made.driver, made.labels, made.options) == ("t5_vol", "local", LABELS, {})
    assert place.docker.create_volume("t5_vol", labels={}).labels == LABELS
    assert "t5_vol" in [each.name for each in place.docker.volumes()]
    assert place.docker.volume("t5_vol").mountpoint.endswith("/volumes/t5_vol/_data")
    place.docker.remove_volume("t5_vol")
    refuses(lambda: place.docker.volume("t5_vol"), "not_found")
    refuses(lambda: place.docker.remove_volume("t5_vol"), "not_found")


def test_a_volume_in_use(place: Place) -> None:
    refuses(lambda: place.docker.remove_volume(place.used), "conflict")


def test_images(place: Place) -> None:
    image = place.docker.image(place.image)
    assert place.image in image.names
    assert image.size_bytes > 0
    assert place.docker.image(image.image_id).image_id == image.image_id
    assert image.image_id in [each.image_id for each in place.docker.images()]
    place.docker.tag_image(place.image, "127.0.0.1:5000/t5/copy:7")
    assert place.docker.image("127.0.0.1:5000/t5/copy:7").image_id == image.image_id
    place.docker.remove_image("127.0.0.1:5000/t5/copy:7")
    refuses(lambda: place.docker.image("127.0.0.1:5000/t5/copy:7"), "not_found")
    refuses(lambda: place.docker.remove_image(image.image_id), "conflict")
    assert place.docker.image(place.image) == image


def test_what_is_asked(docker: Dockerd, double: Double) -> None:
    double.say("/networks", http(200, []))
    double.say("/networks/shop", http(204, b""))
    double.say("/volumes", http(200, {"Volumes": None}))
    double.say("/volumes/shop_db", http(204, b""))
    double.say("/tag", http(201, b""))
    assert docker.networks() == []
    docker.remove_network("shop")
    assert docker.volumes() == []
    docker.remove_volume("shop_db")
    docker.tag_image("a/b:1", "c/d:2")
    assert double.requests[1:] == [
        "GET /v1.41/networks?filters=%7B%7D",
        "DELETE /v1.41/networks/shop",
        "GET /v1.41/volumes",
        "DELETE /v1.41/volumes/shop_db",
        "POST /v1.41/images/a/b:1/tag?tag=2&repo=c%2Fd&force=0",
    ]


@pytest.mark.parametrize(
    "name",
    ["", "../x", "a/../b", "a/..", "a//b", "a?b", "a b", "-x", "a\n", "ü", "a/", "/a", "a" * 600],
)
def test_a_name_cannot_lead_elsewhere(docker: Dockerd, double: Double, name: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: docker.network(name),
        lambda: docker.create_network(name, labels={}),
        lambda: docker.remove_network(name),
        lambda: docker.volume(name),
        lambda: docker.create_volume(name, labels={}),
        lambda: docker.remove_volume(name),
        lambda: docker.image(name),
        lambda: docker.tag_image("a:1", name),
        lambda: docker.tag_image(name, "a:1"),
        lambda: docker.remove_image(name),
        lambda: docker.pull_image(name),
        lambda: docker.registry_digest(name),
    ]
    for call in calls:
        assert fails(call).code == "not_found"
    assert double.requests == []


@pytest.mark.parametrize(
    "name",
    ["nginx", "nginx:1.27", "a/b_c/d.e:x", "host:5000/a/b:1", f"a@{ID}", f"a:1@{ID}", ID, "ab12"],
)
def test_names_images_have(docker: Dockerd, double: Double, name: str) -> None:
    double.say("/json", http(200, {"Id": ID}))
    assert docker.image(name) == ImageState(ID)
    assert len(double.requests) == 2


def test_an_image_as_docker_tells_of_it() -> None:
    row: dict[str, Any] = {"Id": ID, "RepoTags": ["b:1", "<none>:<none>", "a:1", 7], "Size": 12}
    row |= {"RepoDigests": [f"a@{ID}"], "Created": 1700000000}
    assert parse_things.image(row | {"Labels": LABELS}) == ImageState(
        ID, ("a:1", "b:1"), (f"a@{ID}",), LABELS, 12, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    )
    inspected = row | {"Created": "2026-01-02T03:04:05.6Z", "Config": {"Labels": LABELS}}
    read = parse_things.image(inspected)
    assert read.labels == LABELS
    assert read.created_at == datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)


@pytest.mark.parametrize("created", [True, -1, 10**30, "x", None, [], 0])
def test_an_age_that_is_none(created: object) -> None:
    assert parse_things.image({"Id": ID, "Created": created}).created_at is None


def test_disk_usage_leaves_out_what_is_not_known() -> None:
    volumes: list[Any] = [
        {"Name": "a", "UsageData": {"Size": 7, "RefCount": 1}}, {"Name": "b"}, 7,
        {"Name": "c", "UsageData": {"Size": -1}}, {"Name": "d", "UsageData": {"Size": True}},
        {"Name": "", "UsageData": {"Size": 1}}, {"Name": "e", "UsageData": {"Size": 2**70}},
    ]  # fmt: skip
    images: list[Any] = [
        {"Id": ID, "Size": 12, "SharedSize": 5}, {"Id": "b", "Size": 12, "SharedSize": -1}, None,
        {"Id": "c", "Size": 3, "SharedSize": 5},
    ]  # fmt: skip
    read = parse_things.disk_usage({"Volumes": volumes, "Images": images})
    assert read == DiskUsage({"a": 7}, {ID: 7, "c": 0})
    assert parse_things.disk_usage({}) == DiskUsage()
    refuses(lambda: parse_things.disk_usage([]), "garbage")
    refuses(lambda: parse_things.disk_usage({"Volumes": {}}), "garbage")


@pytest.mark.parametrize("word", ["digest", "Digest"])
def test_what_a_registry_says(docker: Dockerd, double: Double, word: str) -> None:
    double.say("/json", http(200, {"Descriptor": {word: ID}}))
    assert docker.registry_digest("127.0.0.1:5000/a/b:1") == ID
    assert double.requests[-1] == "GET /v1.41/distribution/127.0.0.1:5000/a/b:1/json"


@pytest.mark.parametrize("answer", [{}, [], {"Descriptor": 7}, {"Descriptor": {"digest": "x"}}])
def test_a_registry_that_says_nothing(docker: Dockerd, double: Double, answer: object) -> None:
    double.say("/json", http(200, answer))
    assert fails(lambda: docker.registry_digest("a:1")).code == "garbage"


@pytest.mark.parametrize(
    ("status", "words", "code"),
    [
        (404, "manifest unknown: manifest unknown", "image_missing"),
        (500, "Get https://127.0.0.9/v2/: dial tcp: connection refused", "registry_down"),
        (401, "unauthorized: authentication required", "registry_denied"),
        (500, "what is this", "docker_error"),
    ],
)
def test_why_a_registry_gives_none(
    docker: Dockerd, double: Double, status: int, words: str, code: str
) -> None:
    double.say("/json", http(status, {"message": words}))
    assert fails(lambda: docker.registry_digest("a:1")).code == code


@pytest.mark.parametrize(
    "value", [None, [], "x", {}, {"Id": 7}, {"Id": "sha256:../x"}, {"Id": ID[:9]}]
)
def test_an_image_that_is_none(value: object) -> None:
    refuses(lambda: parse_things.image(value), "garbage")


def test_hostile_values_are_made_harmless() -> None:
    labels = {f"k{number}": "x" * 9999 for number in range(999)} | {"bad": 7}
    data = {"Name": "a\0b", "Driver": 7, "Labels": labels, "Options": [], "Mountpoint": "x" * 9999}
    read = parse_things.volume(data)
    assert (read.name, read.driver, read.options, len(read.mountpoint)) == ("ab", "", {}, 512)
    assert len(read.labels) == 200
    assert max(map(len, read.labels.values())) == 4096
    row = {"Id": "f" * 64, "Name": "n", "Containers": {"a": 7, "b": {}, "c": {"Name": "web\0"}}}
    assert parse_things.network(row).containers == ("", "web")


@pytest.mark.parametrize("value", [{"Name": ""}, {"Name": 7}, [], None])
def test_a_network_or_volume_that_is_none(value: object) -> None:
    refuses(lambda: parse_things.volume(value), "garbage")
    refuses(lambda: parse_things.network(value), "garbage")
    refuses(lambda: parse_things.rows({}, "list"), "garbage")
    refuses(lambda: parse_things.rows([1] * 10_001, "list"), "garbage")


@pytest.mark.parametrize("answer", [[], "x", {"Volumes": {}}, {"Volumes": [7]}])
def test_a_list_that_is_none(docker: Dockerd, double: Double, answer: object) -> None:
    double.say("/volumes", http(200, answer))
    assert fails(docker.volumes).code == "garbage"
    double.say("/images/json", http(200, {"a": 1}))
    assert fails(docker.images).code == "garbage"
    double.say("/networks", http(200, {"a": 1}))
    assert fails(docker.networks).code == "garbage"


def test_without_a_docker_everything_fails_alike(tmp_path: Path) -> None:
    missing = engine(tmp_path / "nothing.sock")
    for call in (missing.networks, missing.volumes, missing.images):
        assert fails(call).code == "docker_missing"
