"""What a template may say of itself, and which files it may have."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.site_templates.shape import STANDARD, TemplateError, check_files, manifest_of
from tests.provisioning.site_templates.things import COMPOSE, manifest


def test_a_manifest_names_all_variables_of_its_site() -> None:
    found = manifest_of(manifest()).env_names()
    assert found == {*STANDARD, "SITE_TITLE", "WORKERS", "OPEN", "SIZE", "CONTACT", "API_KEY"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "../etc"}, "id"),
        ({"id": "Shop"}, "id"),
        ({"id": "shop\n"}, "id"),
        ({"web_port": 0}, "web_port"),
        ({"web_service": "we b"}, "web_service"),
        ({"probe_path": "health"}, "probe_path"),
        ({"probe_path": "/a b"}, "probe_path"),
        ({"memory_bytes": -1}, "memory_bytes"),
        ({"secrets": [{"name": "low", "length": 20}]}, "secrets.0.name"),
        ({"secrets": [{"name": "KEY", "length": 4}]}, "secrets.0.length"),
        ({"extra": 1}, "extra"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(TemplateError) as refused:
        manifest_of(manifest(**changes))
    assert refused.value.field == field


@pytest.mark.parametrize("name", ["SITE_DOMAIN", "COMPOSE_FILE", "DOCKER_HOST", "PATH", "WORKERS"])
def test_no_secret_takes_the_name_of_something_else(name: str) -> None:
    with pytest.raises(TemplateError, match=name):
        manifest_of(manifest(secrets=[{"name": name}]))


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "../compose.yml", "build/../../x", "build//x", "./x", ".env", "data/x",
        "releases/1/compose.yml", "logs/x", ".git/config", "a b", "build/", "", "x" * 201,
        "a\\b", "a\nb", "DATA/x",
    ],
)  # fmt: skip
def test_a_file_lies_below_the_sites_folder(path: str) -> None:
    with pytest.raises(TemplateError):
        check_files({"compose.yml": COMPOSE, path: "x"})


@pytest.mark.parametrize(
    "files",
    [
        {"README.md": "x"},
        {"compose.yml": "x", "big": "x" * (512 * 1024 + 1)},
        {"compose.yml": "x", "nul": "\0"},
        {"compose.yml": "x", **{f"f{n}": "" for n in range(100)}},
        {"compose.yml": "x", "build": "x", "build/Dockerfile": "x"},
    ],
)
def test_files_are_few_and_text(files: dict[str, str]) -> None:
    with pytest.raises(TemplateError):
        check_files(files)


def test_names_that_frameworks_use_are_taken() -> None:
    check_files({"compose.yml": COMPOSE, "build/src/app/(site)/[[...slug]]/page.js": "x"})
