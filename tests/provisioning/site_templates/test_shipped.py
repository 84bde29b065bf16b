"""The templates that come along keep the rules that hold for all of them."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from provisioning.site_templates.library import shipped
from provisioning.site_templates.shape import Template

ALL = list(shipped().values())
each = pytest.mark.parametrize("template", ALL, ids=[template.id for template in ALL])
VARIABLE = re.compile(r"(?<!\$)\$\{?([A-Z][A-Z0-9_]*)")


def _services(template: Template) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(template.compose)["services"]
    return found


@each
def test_it_has_its_papers(template: Template) -> None:
    assert {"compose.yml", "env.example", "README.md"} <= set(template.files)
    said = template.manifest
    assert all((said.description, said.cms, said.stack, said.best_for, said.required_services))
    assert all(param.title for param in said.params.properties.values())
    assert said.memory_bytes > 0
    assert said.disk_bytes > 0


@each
def test_each_service_restarts_is_watched_and_has_limits(template: Template) -> None:
    for name, service in _services(template).items():
        assert service["restart"] == "unless-stopped", name
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["mem_limit"], name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        assert "ports" not in service, name
        assert re.fullmatch(r"\S+:[\w.-]*\d[\w.-]*", service["image"]), name
        assert "latest" not in service["image"], name


@each
def test_only_the_web_service_is_seen_by_the_proxy(template: Template) -> None:
    services = _services(template)
    web = services.pop(template.manifest.web_service)
    assert web["networks"] == ["default", "siteflow_proxy"]
    for name, service in services.items():
        # Not by the bare name: in the proxy's network another site may have the same.
        assert service["networks"] == {"default": {"aliases": ["${COMPOSE_PROJECT_NAME}-" + name]}}
    assert set(template.manifest.stateless_services) <= {template.manifest.web_service}


@each
def test_volumes_keep_their_names(template: Template) -> None:
    volumes = yaml.safe_load(template.compose)["volumes"]
    assert volumes == {name: {"name": "${COMPOSE_PROJECT_NAME}_" + name} for name in volumes}
    used = {
        volume.split(":")[0]
        for service in _services(template).values()
        for volume in service.get("volumes", [])
    }
    assert used == set(volumes)


@each
def test_compose_asks_for_what_a_site_has_and_uses_all_of_it(template: Template) -> None:
    asked = set(VARIABLE.findall(template.compose))
    assert asked <= template.manifest.env_names()
    own = template.manifest.env_names() - {
        "SITE_NAME",
        "SITE_DOMAIN",
        "SITE_URL",
        "SITE_ENVIRONMENT",
    }
    assert own <= asked


@each
def test_the_example_has_each_variable_and_no_secret(template: Template) -> None:
    lines = [line for line in template.files["env.example"].splitlines() if "=" in line]
    example = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert set(example) == template.manifest.env_names()
    assert all(example[secret.name] == "" for secret in template.manifest.secrets)


@each
def test_images_are_those_that_files_name(template: Template) -> None:
    from_images = set()
    for path, text in template.files.items():
        if path.endswith("Dockerfile"):
            stages = set(re.findall(r"(?m)^FROM \S+ AS (\S+)$", text))
            from_images |= set(re.findall(r"(?m)^FROM (\S+)", text)) - stages
    ready = {each["image"] for each in _services(template).values() if "build" not in each}
    assert set(template.manifest.images) == from_images | ready


@each
def test_no_file_names_where_packages_come_from(template: Template) -> None:
    for path, text in template.files.items():
        assert not re.search(r"https?://[\w.-]*(npmjs|pypi|pythonhosted|debian)\b", text), path
