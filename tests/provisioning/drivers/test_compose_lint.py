from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.drivers import compose, compose_parse, compose_run
from provisioning.drivers.compose import Project
from provisioning.drivers.compose_lint import MAX_PROBLEMS, Problem, problems, refused
from provisioning.drivers.hostile import printable
from tests.lab.lab import Lab
from tests.provisioning.drivers.lab_targets import opened
from tests.provisioning.drivers.lint_corpus import BAD, BASE, FOLDER, GOOD, WARNED, Model, web

RECORDED = Path(__file__).parent / "recorded" / "compose_model_bad.json"


def found_in(model: Model) -> list[Problem]:
    return problems(model, folder=FOLDER, project="shop")


def test_the_corpus_is_large_enough() -> None:
    assert len(BAD) >= 60
    assert len(GOOD) >= 20


@pytest.mark.parametrize(
    ("code", "model"), BAD, ids=[f"{number} {code}" for number, (code, _) in enumerate(BAD)]
)
def test_what_is_refused(code: str, model: Model) -> None:
    assert code in [problem.code for problem in refused(found_in(model))]


@pytest.mark.parametrize(
    ("code", "model"), WARNED, ids=[f"{number} {code}" for number, (code, _) in enumerate(WARNED)]
)
def test_what_is_warned_of(code: str, model: Model) -> None:
    assert [(problem.code, problem.warning) for problem in found_in(model)] == [(code, True)]


@pytest.mark.parametrize("model", GOOD, ids=range(len(GOOD)))
def test_what_is_fine(model: Model) -> None:
    assert found_in(model) == []


def test_where_and_why() -> None:
    model = web(privileged=True, restart=None)
    assert found_in(model) == [
        Problem("services.web.privileged", "privileged", "has all rights on the host"),
        Problem("services.web", "no_restart", "does not come back when it has ended", warning=True),
    ]


def test_every_service_is_looked_at() -> None:
    services = BASE["services"] | {"db": {"image": "postgres:17", "network_mode": "host"}}
    assert [each.path for each in refused(found_in(BASE | {"services": services}))] == [
        "services.db.network_mode"
    ]


def test_what_compose_itself_resolved() -> None:
    """``compose_model_bad.json`` is Compose 2.26's view of a project with include and extends."""
    found = problems(json.loads(RECORDED.read_text()), folder="/srv/t", project="t")
    places = {(each.path, each.code) for each in refused(found)}
    assert places >= {
        ("services.b.volumes.0", "bind_outside"),
        ("services.b.image", "image_tag"),
        ("services.b.pid", "foreign_container"),
        ("services.web.build.context", "build_outside"),
        ("services.web.build.network", "host_network"),
        ("services.web.cap_add", "capability"),
        ("services.web.container_name", "container_name"),
        ("services.web.devices", "device"),
        ("services.web.ports.0", "database_port"),
        ("services.web.privileged", "privileged"),
        ("services.web.security_opt", "security_opt"),
        ("services.web.sysctls", "sysctl"),
        ("services.web.volumes.0", "bind_outside"),
        ("services.web.volumes.2", "docker_socket"),
        ("services.web.volumes.3", "volume_name"),
        ("configs.c1", "file_outside"),
        ("secrets.s1", "file_outside"),
    }
    assert ("services.web.volumes.1", "bind_outside") not in places  # ./data
    assert ("services.web.ports.1", "database_port") not in places  # 127.0.0.1


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
JSON: st.SearchStrategy[Any] = st.recursive(LEAVES, nested, max_leaves=6)
SERVICES = [model["services"].get("web") for _, model in BAD]
KEYS = sorted({key for service in SERVICES if isinstance(service, dict) for key in service})
SECTIONS = ["configs", "name", "networks", "secrets", "volumes", "x"]


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5), st.sampled_from(SECTIONS), JSON)
def test_no_shape_breaks_it(service: Model, section: str, value: Any) -> None:
    for problem in found_in(BASE | {section: value} | {"services": {"web": service, "x": value}}):
        assert problem.message.rstrip() == printable(problem.message, limit=1000)
        assert not set("\n\r\x1b\0") & set(problem.path)


def test_a_model_of_many_faults_is_cut() -> None:
    services: Model = {f"s{number}\x1b": {} for number in range(5000)}
    found = found_in(BASE | {"services": services})
    assert len(found) == MAX_PROBLEMS
    assert all(problem.path.isprintable() for problem in found)


# What people write, and what Compose on a real host makes of it before it is looked at.
WRITTEN: dict[str, tuple[str, str]] = {
    "a folder above": ("bind_outside", "volumes: ['../..:/x']"),
    "by a variable": ("bind_outside", "volumes: ['${OUT}:/x']"),
    "the socket": ("docker_socket", "volumes: ['/var/run/docker.sock:/s:ro']"),
    "by extends": ("privileged", "extends: {file: other.yml, service: bad}"),
    "by an anchor": ("privileged", "<<: *bad"),
    "a volume that is a folder": ("bind_outside", "volumes: ['sly:/x']"),
    "a database": ("database_port", "ports: ['5432:5432']"),
    "a database on any port": ("database_port", "ports: ['5432']"),
    "a secret": ("file_outside", "secrets: [passwd]"),
    "a build": ("build_outside", "build: ../.."),
}
FILE = """
x-bad: &bad {privileged: true}
services:
  web:
    image: siteflow/busybox:1
    %s
volumes:
  sly: {driver_opts: {type: none, o: bind, device: /etc}}
secrets:
  passwd: {file: /etc/passwd}
"""


@pytest.mark.lab
def test_what_people_write(lab: Lab) -> None:
    project = Project("shop", FOLDER)
    lab.web1.write_text(f"{FOLDER}/other.yml", "services: {bad: {image: 'x:1', privileged: true}}")
    lab.web1.write_text(f"{FOLDER}/.env", "OUT='/etc'\n")
    with opened(lab.web1) as host:
        for name, (code, line) in WRITTEN.items():
            lab.web1.write_text(f"{FOLDER}/compose.yml", FILE % line)
            text = compose_run.answer(host, compose.config(project))
            codes = {problem.code for problem in refused(found_in(compose_parse.config(text)))}
            assert code in codes, name
        lab.web1.write_text(f"{FOLDER}/compose.yml", FILE % "volumes: ['./data:/x']")
        text = compose_run.answer(host, compose.config(project))
        assert refused(found_in(compose_parse.config(text))) == []
