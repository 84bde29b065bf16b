"""What a template of one's own must be before it is kept.

The compose file is looked at by the same rules as each site's before it runs. Here no host is asked
what Compose makes of it, so `drafts` stands in for that: what a site gets is looked at again
on its host, in what Compose itself resolves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from provisioning.drivers.compose_lint import problems
from provisioning.site_templates.compose_text import parsed
from provisioning.site_templates.drafts import FOLDER, PROJECT, draft_model
from provisioning.site_templates.shape import (
    COMPOSE,
    Manifest,
    TemplateError,
    check_files,
    manifest_of,
)

MAX_OWN_CHARACTERS: Final = 256 * 1024  # with its operation, it is kept twice
# ${NAME}, ${NAME:-other}, $NAME; $$ is a dollar.
_VARIABLE: Final = re.compile(r"\$(?:\$|\{(\w+)|(\w+))")


def check(told: Mapping[str, Any], files: Mapping[str, str]) -> tuple[Manifest, list[str]]:
    """The manifest, and what could be better in words. Raises TemplateError with what must be."""
    manifest = manifest_of(told)
    check_files(files)
    if sum(map(len, files.values())) > MAX_OWN_CHARACTERS:
        raise TemplateError(
            f"files: at most {MAX_OWN_CHARACTERS} characters together.", field="files"
        )
    compose = parsed(files[COMPOSE])
    _check_services(manifest, compose)
    _check_variables(manifest, files[COMPOSE])
    found = problems(draft_model(compose, manifest), folder=FOLDER, project=PROJECT)
    for problem in found:
        if not problem.warning:
            raise TemplateError(
                f"{COMPOSE}: {problem.path}: {problem.message}", field="files", code="unsafe"
            )
    return manifest, [f"{COMPOSE}: {each.path}: {each.message}" for each in found]


def _check_services(manifest: Manifest, compose: Mapping[str, Any]) -> None:
    services = compose["services"]
    for field in ("web_service", "stateless_services"):
        named = getattr(manifest, field)
        for name in (named,) if isinstance(named, str) else named:
            if name not in services:
                raise TemplateError(f"{field}: {COMPOSE} has no service {name}.", field=field)


def _check_variables(manifest: Manifest, text: str) -> None:
    known = manifest.env_names()
    for braced, plain in _VARIABLE.findall(text):
        name = braced or plain
        if name and name not in known:
            raise TemplateError(
                f"{COMPOSE}: nothing sets {name}: make it a parameter or a secret.", field="files"
            )
