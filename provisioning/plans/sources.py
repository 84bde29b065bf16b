"""What a compose file reads besides itself. Compose puts it in before its model can be looked at:
an `env_file` of /etc/shadow would be in the environment, and nothing would tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from provisioning.plans.shape import Problem


def problems(text: str) -> Iterator[Problem]:
    """Files elsewhere than in the site's own folder. What is no YAML, compose refuses itself."""
    try:
        told = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):  # dates out of the calendar, deep nests
        return
    if not isinstance(told, dict):
        return
    if told.get("include"):
        yield _elsewhere("include")
    services = told.get("services")
    for name, service in services.items() if isinstance(services, dict) else ():
        if isinstance(service, dict):
            yield from _of_service(f"services.{name}", service)


def _of_service(path: str, service: dict[Any, Any]) -> Iterator[Problem]:
    extends = service.get("extends")
    if isinstance(extends, dict) and extends.get("file"):
        yield _elsewhere(f"{path}.extends")
    for key in ("env_file", "label_file"):
        if any(not _is_inside(file) for file in _files(service.get(key))):
            yield _elsewhere(f"{path}.{key}")


def _files(told: Any) -> list[Any]:
    several = told if isinstance(told, list) else [told] if told else []
    return [one.get("path") if isinstance(one, dict) else one for one in several]


def _is_inside(file: Any) -> bool:
    """Said outright: a variable in it could become any path."""
    plain = isinstance(file, str) and not file.startswith(("/", "~")) and "$" not in file
    return plain and ".." not in file.split("/")


def _elsewhere(path: str) -> Problem:
    return Problem("file_elsewhere", f"{path}: only files in the site's own folder may be read.")
