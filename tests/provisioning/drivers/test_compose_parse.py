from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provisioning.drivers import compose_parse
from provisioning.drivers.compose_parse import ServiceContainer, ServiceImage
from provisioning.drivers.compose_progress import Progress, progress
from provisioning.drivers.errors import DriverError

RECORDED = Path(__file__).parent / "recorded" / "compose_ps.jsonl"  # Compose 2.26.1
IMAGE = "siteflow/busybox:1"


def test_ps_in_both_forms() -> None:
    lines = RECORDED.read_text()
    array = json.dumps([json.loads(line) for line in lines.splitlines()])
    assert compose_parse.ps(lines) == compose_parse.ps(array)
    assert [(row.service, row.name, row.image) for row in compose_parse.ps(lines)] == [
        (service, f"shop-{service}-1", IMAGE) for service in ("db", "migrate", "web")
    ]
    assert [(row.state, row.health, row.exit_code) for row in compose_parse.ps(lines)] == [
        ("running", "", 0),
        ("exited", "", 3),
        ("running", "healthy", 0),
    ]


def test_nothing_there() -> None:
    assert compose_parse.ps("") == compose_parse.ps("[]\n") == compose_parse.ps("\n") == ()
    assert compose_parse.images("[]") == ()
    assert compose_parse.hashes("") == {}


def test_images() -> None:
    row = {"ID": "sha256:ab", "ContainerName": "t-db-1", "Repository": "x/y", "Tag": "1"}
    read = compose_parse.images(json.dumps([row | {"Size": 1984233}, {}]))
    assert read == (
        ServiceImage("t-db-1", "sha256:ab", "x/y", "1", 1984233),
        ServiceImage("", "", "", "", 0),
    )


def test_hashes() -> None:
    text = f"db {'5' * 64}\nweb-1.x {'f' * 64}\n"
    assert compose_parse.hashes(text) == {"db": "5" * 64, "web-1.x": "f" * 64}


def test_config() -> None:
    assert compose_parse.config('{"name": "t", "services": {}}') == {"name": "t", "services": {}}


@pytest.mark.parametrize(
    ("parser", "text"),
    [
        (compose_parse.config, "name: shop"),
        (compose_parse.config, "[]"),
        (compose_parse.config, '{"services": []}'),
        (compose_parse.config, "[" * 100_000),
        (compose_parse.ps, "no such thing"),
        (compose_parse.ps, '{"State": "running"}\n7'),
        (compose_parse.ps, '[{"State": "running"}, []]'),
        (compose_parse.ps, '{"State": "great"}'),
        (compose_parse.ps, '{"State": ["running"]}'),
        (compose_parse.ps, '{"State": "running"}\n' * 2000),
        (compose_parse.images, '"x"'),
        (compose_parse.hashes, "web abc"),
        (compose_parse.hashes, f"a b {'f' * 64}"),
        (compose_parse.hashes, f"web {'f' * 64}\r"),
    ],
)
def test_what_cannot_be_read(parser: Callable[[str], object], text: str) -> None:
    with pytest.raises(DriverError) as caught:
        parser(text)
    assert caught.value.code == "garbage"


def test_hostile_fields_are_made_harmless() -> None:
    row = {"State": "running", "Name": "a\0\ud800" + "x" * 999, "Service": 7, "ExitCode": 2**80}
    (read,) = compose_parse.ps(json.dumps(row | {"ID": "ab" * 32, "Health": "<b>"}))
    name = "a" + "x" * 252
    assert read == ServiceContainer("", name, "ab" * 6, "", "running", "", 0)


@pytest.mark.parametrize(
    ("line", "what", "name", "status"),
    [
        (" Container t-web-1  Started", "container", "t-web-1", "Started"),
        (' Volume "t_db"  Creating', "volume", "t_db", "Creating"),
        (" Network t_default  Removed", "network", "t_default", "Removed"),
        (" Image nginx:1.27 Pulling ", "image", "nginx:1.27", "Pulling"),
        (" web Pulling ", "service", "web", "Pulling"),
        (" web Pulled ", "service", "web", "Pulled"),
        (" web Error manifest unknown", "service", "web", "Error manifest unknown"),
        (" 3f4ca61aafcd Pulling fs layer ", "layer", "3f4ca61aafcd", "Pulling fs layer"),
        (" 3f4ca61aafcd Downloading [=> ]  1MB", "layer", "3f4ca61aafcd", "Downloading [=> ] 1MB"),
        ("#5 [web 2/2] RUN echo hi", "build", "web 2/2", "RUN echo hi"),
    ],
)  # fmt: skip
def test_progress(line: str, what: str, name: str, status: str) -> None:
    read = progress(line)
    assert read is not None
    assert (read.what, read.name, read.status) == (what, name, status)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "#5 0.319 hi",
        "#5 DONE 0.3s",
        "Error response from daemon: no",
        "------",
        " x",
        "x" * 10**6,
    ],
)
def test_no_progress(line: str) -> None:
    assert progress(line) is None


def test_progress_is_one_harmless_line() -> None:
    assert progress(" Container a  \x1b[2JStarted\r") == Progress("container", "a", "[2JStarted")


@pytest.mark.parametrize(
    ("told", "count"),
    [
        ({}, 1),
        ({"scale": 3}, 3),
        ({"deploy": {"replicas": 2}}, 2),
        ({"deploy": None}, 1),
        ({"scale": 2, "deploy": {"replicas": 2}}, 2),
        ({"scale": "many"}, 1),
        ({"scale": -1}, 1),
        ({"scale": 10**9}, 1),
    ],
)
def test_how_many_containers_a_service_has(told: dict[str, Any], count: int) -> None:
    assert compose_parse.replicas({"services": {"web": told}}, "web") == count


@pytest.mark.parametrize(
    ("told", "name"), [({"image": "a:1"}, "a:1"), ({}, "shop-web"), ({"image": None}, "shop-web")]
)
def test_what_is_built_without_a_name_gets_one(told: dict[str, Any], name: str) -> None:
    assert compose_parse.image_of({"name": "shop", "services": {"web": told}}, "web") == name
