"""From a template to the files and the environment of one site.

The compose text is the template's own, the same for each site: all that differs reaches it through
the environment, so no value can become part of its structure.
"""

from __future__ import annotations

import secrets as randomness
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provisioning.site_templates.params import Value
from provisioning.site_templates.shape import COMPOSE, Template, TemplateError

# Fit for a URL and for each shell, so that no program has to quote them.
_ALPHABET: Final = string.ascii_letters + string.digits
EXAMPLE: Final = "env.example"


@dataclass(frozen=True)
class Rendered:
    """``env`` in the order of its file; ``files`` are all but the compose file."""

    compose: str
    env: dict[str, str] = field(repr=False)
    files: dict[str, str] = field(repr=False)
    secret_names: frozenset[str]


def rendered(
    template: Template,
    *,
    project: str,
    domain: str,
    environment: str,
    params: Mapping[str, Any],
    secrets: Mapping[str, str],
) -> Rendered:
    """Raises ParamError for a value that the template does not take, and TemplateError when one of
    its secrets is missing. ``domain`` may be empty: then the site knows no address of its own."""
    values = template.manifest.params.complete(params)
    names = [each.name for each in template.manifest.secrets]
    if missing := next((name for name in names if not secrets.get(name)), None):
        raise TemplateError(f"The secret {missing} is missing.", field=missing)
    env = {
        "COMPOSE_PROJECT_NAME": project,
        "SITE_NAME": project,
        "SITE_DOMAIN": domain,
        "SITE_URL": f"https://{domain}" if domain else "",
        "SITE_ENVIRONMENT": environment,
        **{name.upper(): _text(value) for name, value in values.items()},
        **{name: secrets[name] for name in names},
    }
    files = {path: text for path, text in template.files.items() if path != COMPOSE}
    return Rendered(template.compose, env, files, frozenset(names))


def new_secrets(template: Template) -> dict[str, str]:
    """A new value for each secret: letters and digits, about 6 bits of chance each."""
    return {
        each.name: "".join(randomness.choice(_ALPHABET) for _ in range(each.length))
        for each in template.manifest.secrets
    }


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
