"""Docker Compose itself, as root and by sudo, as `docker compose up -d` in the folder would do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from provisioning.drivers import compose, compose_parse, compose_run
from provisioning.drivers.compose import Project
from provisioning.drivers.compose_progress import progress
from provisioning.drivers.host import HostDriver
from tests.lab.host import Host
from tests.lab.images import BUSYBOX
from tests.lab.lab import Lab
from tests.provisioning.drivers.lab_targets import opened
from tests.provisioning.drivers.test_host_files import fails

pytestmark = pytest.mark.lab
WEB: dict[str, Any] = {
    "image": BUSYBOX,
    "init": True,
    "command": ["sleep", "1000"],
    "environment": {"TITLE": "${TITLE}"},
    "healthcheck": {"test": ["CMD", "true"], "interval": "1s"},
}


@dataclass
class Site:
    lab_host: Host
    host: HostDriver
    sudo: bool
    project: Project

    def write(self, env: str = "TITLE='x'\n", **services: dict[str, Any]) -> None:
        volumes = {"data": {"name": "${COMPOSE_PROJECT_NAME}_data"}}
        text = json.dumps({"name": self.project.name, "services": services, "volumes": volumes})
        self.lab_host.write_text(f"{self.project.folder}/compose.yml", text)
        self.lab_host.write_text(f"{self.project.folder}/.env", env)

    def run(self, argv: compose.Argv) -> list[str]:
        said: list[str] = []
        compose_run.run(self.host, argv, sudo=self.sudo, timeout_s=60, say=said.append)
        return said

    def fails(self, argv: compose.Argv, code: str) -> str:
        return fails(lambda: self.run(argv), code).message

    def ps(self) -> dict[str, compose_parse.ServiceContainer]:
        text = compose_run.answer(self.host, compose.ps(self.project), sudo=self.sudo)
        return {each.name: each for each in compose_parse.ps(text)}


@pytest.fixture(params=["web1 root", "web2 deploy"])
def site(request: pytest.FixtureRequest, lab: Lab) -> Iterator[Site]:
    name, user = request.param.split()
    folder = f"/srv/sites/{user} ü/t7"
    with opened(lab.hosts[name], user=user, sudo=user != "root") as driver:
        made = Site(lab.hosts[name], driver, user != "root", Project("t7", folder))
        made.write(web=WEB)
        yield made
        made.write(web=WEB)
        made.run(compose.down(made.project, grace_s=1, remove_orphans=True))
        made.run(compose.down_with_volumes(made.project))


def test_the_life_of_a_project(site: Site) -> None:
    project = site.project
    site.write(web=WEB | {"volumes": ["data:/data"]}, db=WEB)
    said = site.run(compose.up(project, wait_timeout_s=30))
    steps = {(found.what, found.name, found.status) for found in map(progress, said) if found}
    assert ("container", "t7-web-1", "Healthy") in steps
    assert ("volume", "t7_data", "Created") in steps
    first = site.ps()
    assert sorted((each.service, each.state) for each in first.values()) == [
        ("db", "running"),
        ("web", "running"),
    ]
    # By hand, in the folder, it is the same project: nothing is made anew.
    in_folder = ("sh", "-c", 'cd "$1" && docker compose up -d', "sh", project.folder)
    assert "Creat" not in site.lab_host.run(*in_folder).stderr
    assert site.ps() == first
    site.run(compose.stop(project, services=["db"], grace_s=1))
    site.run(compose.restart(project, services=["web"], grace_s=1))
    assert site.ps()["t7-db-1"].state == "exited"
    site.run(compose.start(project, services=["db"]))
    site.run(compose.down(project, grace_s=1))
    assert site.ps() == {}
    assert "t7_data" in [volume.name for volume in site.host.docker.volumes()]


def test_hashes_tell_what_would_be_recreated(site: Site) -> None:
    project = site.project
    both: dict[str, Any] = {"web": WEB, "db": WEB | {"environment": {}}}
    site.write(**both)
    site.run(compose.up(project))

    def wanted() -> dict[str, str]:
        text = compose_run.answer(site.host, compose.config_hashes(project), sudo=site.sudo)
        return compose_parse.hashes(text)

    label = "com.docker.compose.config-hash"
    running = {
        service: site.host.docker.container(f"t7-{service}-1").labels[label] for service in both
    }
    assert wanted() == running
    site.write("TITLE='another $ one'\n", **both)
    assert [service for service in both if wanted()[service] != running[service]] == ["web"]
    before = site.ps()
    site.run(compose.up(project))
    after = site.ps()
    changed = [name for name in after if after[name].docker_id != before[name].docker_id]
    assert changed == ["t7-web-1"]


def test_a_second_container_beside_the_old_one(site: Site) -> None:
    project = site.project
    site.run(compose.up(project, wait_timeout_s=30))
    old = site.ps()["t7-web-1"].docker_id
    site.write("TITLE='new'\n", web=WEB)
    one: dict[str, Any] = {"services": ["web"], "scale": {"web": 2}, "wait_timeout_s": 30}
    site.run(compose.up(project, no_deps=True, no_recreate=True, **one))
    found = site.ps()
    assert found["t7-web-1"].docker_id == old
    assert found["t7-web-2"].health == "healthy"


def test_the_resolved_model_and_images(site: Site) -> None:
    site.write("TITLE='it costs $5'\n", web=WEB)
    site.run(compose.create(site.project))
    text = compose_run.answer(site.host, compose.config(site.project), sudo=site.sudo)
    model = compose_parse.config(text)
    assert model["services"]["web"]["environment"]["TITLE"] == "it costs $$5"
    images = compose_run.answer(site.host, compose.images(site.project), sudo=site.sudo)
    (image,) = compose_parse.images(images)
    assert (image.container, f"{image.repository}:{image.tag}") == ("t7-web-1", BUSYBOX)
    assert image.image_id == site.host.docker.image(BUSYBOX).image_id


def test_logs_and_removing(site: Site) -> None:
    site.write(web=WEB | {"command": ["echo", "hello ü"], "healthcheck": {"disable": True}})
    site.run(compose.up(site.project))
    site.lab_host.docker("wait", "t7-web-1")
    assert any("hello ü" in line for line in site.run(compose.logs(site.project, tail=5)))
    site.run(compose.remove(site.project, services=["web"]))
    assert site.ps() == {}


BAD: list[tuple[str, dict[str, Any]]] = [
    ("image_missing", {"image": "siteflow/nope:9"}),
    ("port_taken", {"ports": ["8080:80"]}),
    ("not_healthy", {"healthcheck": {"test": ["CMD", "false"], "interval": "1s", "retries": 1}}),
    ("not_healthy", {"command": ["false"]}),
    ("bad_compose", {"comand": 1}),
    ("bad_compose", {"environment": {"A": "${NONE:?needed}"}}),
    ("conflict", {"container_name": "legacy"}),
    ("command_failed", {"command": ["no-such-program"], "init": False}),
]


@pytest.mark.parametrize(("code", "change"), BAD, ids=[f"{code} {row}" for code, row in BAD])
def test_what_goes_wrong(site: Site, code: str, change: dict[str, Any]) -> None:
    site.write(web=WEB | change)
    assert "compose up failed: " in site.fails(compose.up(site.project, wait_timeout_s=20), code)


def test_builds_and_pulls(site: Site) -> None:
    def build(*lines: str) -> dict[str, Any]:
        dockerfile = "\n".join([f"FROM {BUSYBOX}", *lines])
        return WEB | {"image": "t7/built:1", "build": {"dockerfile_inline": dockerfile}}

    site.write(web=build("RUN echo step one"))
    said = site.run(compose.build(site.project))
    steps = [found for found in map(progress, said) if found and found.what == "build"]
    assert "RUN echo step one" in [step.status for step in steps]
    site.run(compose.pull(site.project))  # what is built is not pulled
    site.lab_host.docker("rmi", "t7/built:1")
    site.write(web=build("RUN exit 4"))
    site.fails(compose.build(site.project), "build_failed")
    site.write(web=WEB)
    site.fails(compose.pull(site.project), "image_missing")


def test_files_and_a_docker_that_are_not_there(site: Site) -> None:
    site.fails(compose.ps(replace(site.project, files=("none.yml",))), "bad_compose")
    site.fails(compose.config(replace(site.project, env_file="none.env")), "bad_compose")
    site.fails(compose.up(site.project, services=["nobody"]), "bad_compose")
    site.lab_host.stop_dockerd()
    site.fails(compose.up(site.project), "docker_down")
    site.lab_host.start_dockerd()


def test_who_may_not(lab: Lab) -> None:
    with opened(lab.web2, user="guest") as driver:
        project = Project("t7", "/srv/shop", files=("docker-compose.yml",), env_file="")
        argv = compose.ps(project)
        fails(lambda: compose_run.answer(driver, argv), "docker_denied")
        fails(lambda: compose_run.answer(driver, argv, sudo=True), "sudo_refused")
    with opened(lab.bare) as driver:
        fails(lambda: compose_run.answer(driver, argv), "docker_missing")
