"""A container is made whole or not at all, whoever dies, and odd values arrive as they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning import engine
from provisioning.drivers.containers import Port
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.fake_things import FakeSource
from provisioning.drivers.things import NetworkState, VolumeState
from provisioning.engine import worker as running
from provisioning.models import Operation, SealedParams
from provisioning.new_container.engine_config import MADE_BY
from sites.models import Container
from tests.provisioning.new_container.making import FOLDER, IMAGE, ask, create, fake, world

__all__ = ["fake"]
pytestmark = pytest.mark.django_db

ODD = ["p@ss'w\"o$rd #1", "  two  blanks ", "größe 🐳", '{"a": [1, "\\n"]}', "line\nbreak\ttab",
       "$(touch /tmp/x) `id` ${HOME}", "--flag", "a=b=c", ""]  # fmt: skip
STEPS = ["Look", "Image", "Volumes and networks", "Create", "Start", "Check"]
WITH_ALL: dict[str, Any] = {
    "volumes": ["blog_data:/data", f"{FOLDER}/conf:/conf:ro"],
    "networks": ["blog_front", "siteflow_proxy"],
    "ports": ["8080:80"],
}


def killed_at(monkeypatch: pytest.MonkeyPatch, place: str) -> type[BaseException]:
    """The worker ends there as by a kill: without a word."""

    class Killed(BaseException):
        pass

    def hit(kind: str, step: str, when: str) -> None:
        if f"{step}/{when}" == place:
            raise Killed

    monkeypatch.setattr("provisioning.engine.running.failpoints.hit", hit)
    monkeypatch.setattr(running, "finish", lambda *args, **values: None)
    return Killed


def lease_ends(row: Operation) -> None:
    past = timezone.now() - timedelta(seconds=30)
    Operation.objects.filter(pk=row.pk).update(lease_until=past, rung_at=past)


def proxied(fake: FakeHost) -> FakeHost:
    fake.networks["siteflow_proxy"] = NetworkState("f" * 64, "siteflow_proxy", "bridge")
    return fake


def test_a_container_with_all_that_can_be_asked_for(fake: FakeHost) -> None:
    proxied(fake)
    row = create(
        **WITH_ALL,
        command=["nginx", "-g", "daemon off;"],
        entrypoint=["/entry"],
        environment={"TITLE": "Blog"},
        memory_bytes=64 * 2**20,
        cpus=0.5,
        pids=100,
        labels={"owner": "web team"},
    )
    assert (row.status, row.message) == ("succeeded", "blog runs on web1.")
    made = fake.containers["blog"]
    assert made.state == "running"
    assert made.networks == ("blog_front", "siteflow_proxy")
    config = fake.configs[made.docker_id]
    assert config["Cmd"] == ["nginx", "-g", "daemon off;"]
    assert (config["Entrypoint"], config["Env"]) == (["/entry"], ["TITLE=Blog"])
    assert config["Labels"]["owner"] == "web team"
    host = config["HostConfig"]
    assert host["PortBindings"] == {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}
    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (67108864, 500000000, 100)
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
    assert [(one["Type"], one["ReadOnly"]) for one in host["Mounts"]] == [
        ("volume", False),
        ("bind", True),
    ]
    assert Container.objects.get(name="blog").pk == row.result["container"]


def test_one_that_is_not_to_be_started_is_only_made(fake: FakeHost) -> None:
    row = create(start=False)
    assert fake.containers["blog"].state == "created"
    assert row.message == "blog is there and was not started on web1."
    assert fake.containers["blog"].networks == ("blog_default",)


def test_odd_values_arrive_as_they_are(fake: FakeHost) -> None:
    environment = {f"V{number}": value for number, value in enumerate(ODD)}
    labels = {f"l{number}": value for number, value in enumerate(ODD)}
    row = create(command=ODD, environment=environment, labels=labels)
    assert row.status == "succeeded"
    config = fake.configs[fake.containers["blog"].docker_id]
    assert config["Cmd"] == ODD
    assert config["Env"] == [f"{name}={value}" for name, value in environment.items()]
    assert {name: config["Labels"][name] for name in labels} == labels
    for argv in fake.ran:
        assert not any("touch" in word or "p@ss" in word for word in argv)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_killed_worker_s_successor_ends_what_it_began(
    step: str, when: str, fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxied(fake)
    row = ask(**WITH_ALL)
    with monkeypatch.context() as patched:
        killed = killed_at(patched, f"{step}/{when}")
        with pytest.raises(killed):
            engine.run(row.pk)
    lease_ends(row)
    engine.run(row.pk)
    row.refresh_from_db()
    assert row.status == "succeeded"
    assert fake.containers["blog"].state == "running"
    assert fake.containers["blog"].networks == ("blog_front", "siteflow_proxy")
    assert sum(words[:2] == ("docker", "create_container") for words in fake.ran) == 1
    assert not SealedParams.objects.exists()


@pytest.mark.parametrize(
    "call", ["create_volume", "create_network", "create_container", "connect_network", "start"]
)
def test_whatever_fails_nothing_is_left(call: str, fake: FakeHost) -> None:
    before = world(proxied(fake))
    fake.fail(call, DriverError("web1: it did not work", "docker_error"))
    row = create(**WITH_ALL)
    assert (row.status, row.error_code) == ("undone", "docker_error")
    assert "What was made on web1 was taken back." in row.message
    assert world(fake) == before
    assert not Container.objects.filter(name="blog").exists()


@pytest.mark.parametrize("step", STEPS[2:])
def test_a_failure_after_a_kill_leaves_nothing_either(
    step: str, fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world(proxied(fake))
    row = ask(**WITH_ALL)
    with monkeypatch.context() as patched:
        killed = killed_at(patched, f"{step}/before")
        with pytest.raises(killed):
            engine.run(row.pk)
    lease_ends(row)
    fake.fail("networks", *[DriverError("web1: gone", "link_lost")])
    engine.run(row.pk)
    row.refresh_from_db()
    assert row.status == "undone"
    assert world(fake) == before


def test_one_that_ends_badly_at_once_is_removed(
    fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.logs["blog"] = ["no such file"]
    docker = fake.fake_docker
    monkeypatch.setattr(docker, "start", lambda key: docker._ended(key, "die"))
    row = create()
    assert (row.status, row.error_code) == ("undone", "not_as_wanted")
    assert [line.text for line in row.output.all()] == ["no such file"]
    assert "blog" not in fake.containers and "blog_default" not in fake.networks


def test_a_name_that_is_taken_changes_nothing(fake: FakeHost) -> None:
    fake.containers["blog"] = fake_container("blog")
    before = world(fake)
    row = create()
    assert (row.status, row.error_code) == ("undone", "name_taken")
    assert world(fake) == before


def test_one_of_the_same_name_by_somebody_else_in_between_is_left_alone(fake: FakeHost) -> None:
    fake.fail("create_container", DriverError("web1: the name is in use", "conflict"))
    row = create()
    assert (row.status, row.error_code) == ("undone", "conflict")


def test_an_image_that_is_not_there_is_pulled_when_asked(fake: FakeHost) -> None:
    image = fake.images.pop(IMAGE)
    row = create()
    assert (row.status, row.error_code) == ("undone", "image_missing")

    fake.registry[IMAGE] = FakeSource(image, "sha256:" + "d" * 64)
    assert create(pull="missing").status == "succeeded"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"volumes": ["shop_db:/data"]}, "volume_name"),
        ({"volumes": ["etc:/data"]}, "bind_outside"),
        ({"networks": ["shop_default"]}, "foreign_network"),
        ({"networks": ["lan"]}, "network_driver"),
        ({"networks": ["elsewhere"]}, "foreign_network"),
        ({"ports": ["8080:80"]}, "port_taken"),
        ({"networks": ["siteflow_proxy"]}, "proxy_missing"),
    ],
    ids=str,
)
def test_what_only_the_host_knows_is_refused_with_nothing_changed(
    given: dict[str, Any], code: str, fake: FakeHost
) -> None:
    of_shop = {"com.docker.compose.project": "shop"}
    fake.volumes["shop_db"] = VolumeState("shop_db", "local", labels=of_shop)
    fake.volumes["etc"] = VolumeState("etc", "local", options={"device": "/etc", "o": "bind"})
    fake.networks["shop_default"] = NetworkState("a" * 64, "shop_default", "bridge", labels=of_shop)
    fake.networks["lan"] = NetworkState("b" * 64, "lan", "macvlan")
    fake.containers["web"] = fake_container("web", ports=(Port(80, "tcp", 8080, "::"),))
    before = world(fake)
    row = create(**given)
    assert (row.status, row.error_code) == ("undone", code)
    assert world(fake) == before


def test_what_belongs_to_nobody_may_be_used(fake: FakeHost) -> None:
    fake.volumes["music"] = VolumeState("music", "local")
    fake.networks["back"] = NetworkState("a" * 64, "back", "bridge")
    assert create(volumes=["music:/music"], networks=["back"]).status == "succeeded"
    assert MADE_BY not in fake.volumes["music"].labels


def test_a_link_out_of_its_folder_is_refused(
    fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leading_out(host: FakeHost, folder: str, paths: list[str], **given: Any) -> list[str]:
        return paths

    monkeypatch.setattr("provisioning.new_container.world.host_files.leading_out", leading_out)
    row = create(volumes=[f"{FOLDER}/conf:/conf"])
    assert (row.status, row.error_code) == ("undone", "bind_outside")
