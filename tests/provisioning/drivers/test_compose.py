from __future__ import annotations

import pytest

from provisioning.drivers import compose
from provisioning.drivers.compose import Argv, Project

SHOP = Project("shop", "/srv/sites/acme/shop")
BEGIN = (
    *("docker", "compose", "--ansi", "never", "--project-name", "shop"),
    *("--project-directory", "/srv/sites/acme/shop"),
    *("--file", "/srv/sites/acme/shop/compose.yml", "--env-file", "/srv/sites/acme/shop/.env"),
)

BUILT: list[tuple[Argv, str]] = [
    (compose.config(SHOP), "config --format json"),
    (compose.config_hashes(SHOP), "config --hash *"),
    (compose.pull(SHOP), "pull --ignore-buildable"),
    (compose.pull(SHOP, services=["web"]), "pull --ignore-buildable -- web"),
    (compose.build(SHOP), "build"),
    (compose.build(SHOP, services=["a"], pull=True, no_cache=True), "build --pull --no-cache -- a"),
    (compose.create(SHOP), "create --no-build --pull never"),
    (
        compose.create(SHOP, services=["db"], pull="missing", force_recreate=True),
        "create --no-build --pull missing --force-recreate -- db",
    ),
    (compose.create(SHOP, no_recreate=True), "create --no-build --pull never --no-recreate"),
    (compose.up(SHOP), "up --detach --pull never --no-build"),
    (
        compose.up(SHOP, services=["web"], no_deps=True, no_recreate=True, scale={"web": 2}),
        "up --detach --pull never --no-build --no-deps --no-recreate --scale=web=2 -- web",
    ),
    (
        compose.up(SHOP, wait_timeout_s=90, build=True, pull="always", grace_s=5),
        "up --detach --pull always --build --wait --wait-timeout 90 --timeout 5",
    ),
    (
        compose.up(SHOP, remove_orphans=True, force_recreate=True),
        "up --detach --pull never --no-build --force-recreate --remove-orphans",
    ),
    (compose.start(SHOP, services=["web"]), "start -- web"),
    (compose.stop(SHOP), "stop"),
    (compose.stop(SHOP, services=["web"], grace_s=30), "stop --timeout 30 -- web"),
    (compose.restart(SHOP, grace_s=3), "restart --timeout 3"),
    (compose.remove(SHOP, services=["web"]), "rm --force -- web"),
    (compose.down(SHOP), "down"),
    (compose.down(SHOP, grace_s=9, remove_orphans=True), "down --timeout 9 --remove-orphans"),
    (compose.down_with_volumes(SHOP, grace_s=9), "down --timeout 9 --volumes"),
    (compose.ps(SHOP), "ps --all --format json"),
    (compose.ps(SHOP, services=["-x"]), "ps --all --format json -- -x"),
    (compose.images(SHOP), "images --format json"),
    (
        compose.logs(SHOP, services=["web"], tail=20),
        "logs --no-color --timestamps --tail 20 -- web",
    ),
]


@pytest.mark.parametrize(("argv", "words"), BUILT, ids=[words for _, words in BUILT])
def test_what_is_asked(argv: Argv, words: str) -> None:
    assert argv == (*BEGIN, *words.split(" "))


def test_only_what_is_named_for_it_removes_volumes() -> None:
    removing = {words for argv, words in BUILT if {"--volumes", "-v", "-V"} & set(argv)}
    assert removing == {"down --timeout 9 --volumes"}


def test_a_project_of_another_shape() -> None:
    project = Project(
        "old", "/home/alice/old", files=("a.yml", "/etc/b.yml"), env_file="", binary=("dc",)
    )
    assert compose.ps(project)[:-4] == (
        *("dc", "--ansi", "never", "--project-name", "old"),
        *("--project-directory", "/home/alice/old"),
        *("--file", "/home/alice/old/a.yml", "--file", "/etc/b.yml"),
    )
