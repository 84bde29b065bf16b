"""Whether a compose project is safe to run: decided on the resolved model and on nothing else.

The model is what ``docker compose config --format json`` says on the host, so that interpolation,
``extends``, ``include`` and merged files have been done by the program that will run it.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import Any, Final

from provisioning.drivers.lint_places import file_problems, network_problems, volume_problems
from provisioning.drivers.lint_service import service_problems
from provisioning.drivers.lint_terms import (
    Problem,
    Problems,
    Site,
    is_set,
    label_problems,
    mapping,
    shown,
)

__all__ = ["Problem", "problems", "refused"]

MAX_PROBLEMS: Final = 500
_TOP: Final = frozenset(
    {"name", "version", "services", "networks", "volumes", "configs", "secrets"}
)


def problems(
    model: dict[str, Any],
    *,
    folder: str,
    project: str,
    free: Collection[str] = (),
    foreign: Collection[str] = (),
) -> list[Problem]:
    """What is wrong with it, what is refused first; at most 500.

    ``folder`` is the site's, without a slash at its end; the rest as `lint_terms.Site`. What is
    not seen here: where links in the folder lead, and which file an ``env_file`` was that Compose
    has put into ``environment``.
    """
    site = Site(folder.rstrip("/"), project, frozenset(free), frozenset(foreign))
    found = list(islice(_all(model, site), MAX_PROBLEMS))
    return sorted(found, key=lambda problem: (problem.warning, problem.path, problem.code))


def refused(found: list[Problem]) -> list[Problem]:
    """Those that are no warnings."""
    return [problem for problem in found if not problem.warning]


def _all(model: dict[str, Any], site: Site) -> Problems:
    if model.get("name") != site.project:
        message = f"it calls itself {shown(model.get('name'))}"
        yield Problem("name", "project_name", message)
    for key in sorted(model.keys() - _TOP):
        if is_set(model[key]) and not str(key).startswith("x-"):
            yield Problem(shown(key), "not_known", "not known to be safe")
    volumes = mapping(model.get("volumes"))
    if not mapping(model.get("services")):
        yield Problem("services", "no_service", "there is no service")
    for name, service in mapping(model.get("services")).items():
        path = f"services.{shown(name)}"
        yield from service_problems(path, mapping(service), site, set(volumes))
    for name, volume in volumes.items():
        path = f"volumes.{shown(name)}"
        yield from volume_problems(path, mapping(volume), site)
        yield from label_problems(path, mapping(volume))
    for name, network in mapping(model.get("networks")).items():
        path = f"networks.{shown(name)}"
        yield from network_problems(path, mapping(network), site)
        yield from label_problems(path, mapping(network))
    for kind in ("configs", "secrets"):
        for name, source in mapping(model.get(kind)).items():
            yield from file_problems(f"{kind}.{shown(name)}", mapping(source), site)
