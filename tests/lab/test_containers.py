"""The Docker hosts' containers and images, and the NAS's backups."""

import json
import tarfile
import urllib.request
from typing import Any

import pytest

from tests.lab import Host, Lab
from tests.lab.command import wait_until
from tests.lab.nas import BACKUP_PATH, BACKUPS

pytestmark = pytest.mark.lab


@pytest.fixture(params=["web1", "web2"])
def host(lab: Lab, request: pytest.FixtureRequest) -> Host:
    return lab.hosts[request.param]


def test_compose_made_a_project_with_a_failed_job(host: Host) -> None:
    labels = _inspect(host, "shop-db-1")["Config"]["Labels"]
    assert labels["com.docker.compose.project"] == "shop"
    assert labels["com.docker.compose.service"] == "db"
    assert labels["com.docker.compose.project.working_dir"] == "/srv/shop"
    state = _inspect(host, "shop-migrate-1")["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 3)


def test_a_container_of_no_project(host: Host) -> None:
    legacy = _inspect(host, "legacy")
    assert legacy["Config"]["Labels"] == {"owner": "alice"}
    assert legacy["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"] == "8081"


def test_the_shop_gets_healthy_and_answers_on_its_published_port(host: Host) -> None:
    def healthy() -> bool:
        health = _inspect(host, "shop-web-1")["State"]["Health"]
        return bool(health["Status"] == "healthy")

    wait_until(healthy, what="shop-web-1 is healthy", timeout_s=30, pause_s=0.2)
    with urllib.request.urlopen(f"http://{host.address}:8080/", timeout=5) as answer:  # noqa: S310
        assert answer.read() == b"shop\n"


def test_stopping_takes_no_grace_period(host: Host) -> None:
    for name in ("shop-db-1", "shop-web-1", "legacy"):
        host.docker("stop", "--time=60", name, timeout_s=20)
        assert _inspect(host, name)["State"]["ExitCode"] != 137
        host.docker("start", name)


def test_the_hosts_know_nothing_of_each_others_containers(lab: Lab) -> None:
    lab.web1.docker("run", "--detach", "--name=only-here", "siteflow/busybox:1", "sleep", "1")
    try:
        assert "only-here" in lab.web1.docker("ps", "--all")
        assert "only-here" not in lab.web2.docker("ps", "--all")
    finally:
        lab.web1.docker("rm", "--force", "only-here")


def test_seeding_again_gives_what_was_there_at_the_start(lab: Lab) -> None:
    before = {host.name: _names(host) for host in (lab.web1, lab.web2)}
    lab.web1.docker("rm", "--force", "legacy", "shop-db-1")
    lab.web2.docker("run", "--detach", "--name=too-many", "siteflow/busybox:1", "true")
    lab.seed_containers()
    assert {host.name: _names(host) for host in (lab.web1, lab.web2)} == before


def test_the_engine_answers_on_its_socket_from_outside_the_host(host: Host) -> None:
    assert host.docker_socket == "/var/run/docker.sock"
    assert host.docker_socket_outside.is_socket()
    assert host.docker_answers()


def test_a_debian_image_has_a_package_manager(lab: Lab) -> None:
    image = lab.debian_image(lab.web1)
    assert lab.debian_image(lab.web1) == image
    run = ("run", "--rm", image, "sh", "-c", "cat /etc/debian_version && dpkg --print-architecture")
    assert lab.web1.docker(*run).startswith("12.")


def test_compose_is_version_2(host: Host) -> None:
    assert host.docker("compose", "version", "--short").startswith("2.")


def test_the_nas_has_archives_that_open(lab: Lab) -> None:
    listed = lab.nas.ssh(f"cd {BACKUP_PATH} && ls */*").stdout.split()
    assert listed == sorted(f"{site}/{day}.tar.gz" for site in BACKUPS for day in BACKUPS[site])
    with tarfile.open(lab.nas.path(f"{BACKUP_PATH}/{listed[0]}")) as archive:
        assert archive.getnames() == ["index.html"]
    assert lab.nas.ssh(f"touch {BACKUP_PATH}/blog/new && rm {BACKUP_PATH}/blog/new").returncode == 0


def _inspect(host: Host, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.docker("inspect", name))[0]
    return found


def _names(host: Host) -> list[str]:
    return sorted(host.docker("ps", "--all", "--format", "{{.Names}} {{.Image}}").splitlines())
