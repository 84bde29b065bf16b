"""What Compose would make of a template's file, as near as it can be told without Compose.

The same shape as `docker compose config --format json`, with examples for variables. What it
cannot tell it leaves as it stands, so that a rule sees too much rather than too little.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any, Final

from provisioning.site_templates.shape import COMPOSE, Manifest, TemplateError

FOLDER: Final = "/srv/draft"
PROJECT: Final = "draft"
# ${NAME}, ${NAME:?words}, ${NAME:-other}, $NAME; $$ stays a dollar.
_VARIABLE: Final = re.compile(r"\$(?:\$|\{(\w+)(?::?[?+-][^}]*)?\}|(\w+))")
# Other files would be read in on the host, and nobody here has looked at them.
_ELSEWHERE: Final = ("include", "extends", "env_file")


def draft_model(compose: Mapping[str, Any], manifest: Manifest) -> dict[str, Any]:
    """Raises TemplateError for what would be read from other files."""
    _alone(compose)
    filled: dict[str, Any] = _filled(dict(compose), examples(manifest))
    services = {name: _service(service) for name, service in filled["services"].items()}
    return {
        **filled,
        "name": filled.get("name", PROJECT),
        "services": services,
        "volumes": _named(filled.get("volumes")),
        "networks": {"default": {"name": f"{PROJECT}_default"}, **_named(filled.get("networks"))},
    }


def examples(manifest: Manifest) -> dict[str, str]:
    """A value for each variable."""
    found = {
        "COMPOSE_PROJECT_NAME": PROJECT, "SITE_NAME": PROJECT, "SITE_ENVIRONMENT": "production",
        "SITE_DOMAIN": "draft.example.org", "SITE_URL": "https://draft.example.org",
    }  # fmt: skip
    blank = {"string": "x", "integer": "1", "boolean": "true"}
    for name, param in manifest.params.properties.items():
        default = blank[param.type] if param.default in (None, "") else str(param.default)
        found[name.upper()] = default.lower() if param.type == "boolean" else default
    return found | {each.name: "x" * each.length for each in manifest.secrets}


def _alone(compose: Mapping[str, Any]) -> None:
    for where in (compose, *compose["services"].values()):
        for word in _ELSEWHERE:
            if word in where:
                raise TemplateError(
                    f"{COMPOSE}: {word}: a template's compose file reads no other file.",
                    field="files",
                )


def _filled(value: Any, given: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: given.get(found[1] or found[2] or "", "$"), value)
    if isinstance(value, list):
        return [_filled(each, given) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, given) for key, each in value.items()}
    return value


def _service(told: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(told)
    if isinstance(told.get("build"), str):
        found["build"] = {"context": told["build"]}
    if isinstance(found.get("build"), dict):
        context = str(found["build"].get("context", "."))
        remote = "://" in context or context.startswith("git@")
        found["build"] = {**found["build"], "context": context if remote else _path(context)}
    for key, split in (("volumes", _mount), ("ports", _port)):
        if isinstance(told.get(key), list):
            found[key] = [split(one) if not isinstance(one, dict) else one for one in told[key]]
    for key in ("networks", "depends_on"):
        if isinstance(told.get(key), list):
            found[key] = {str(name): None for name in told[key]}
    return found


def _mount(text: Any) -> dict[str, Any]:
    """``source:target:options``, or a target alone."""
    source, _, rest = str(text).partition(":")
    target, _, options = rest.partition(":")
    if not target:
        return {"type": "volume", "target": source}
    bind = source.startswith((".", "/", "~"))
    return {
        "type": "bind" if bind else "volume",
        "source": _path(source) if bind else source,
        "target": target,
        "read_only": "ro" in options.split(","),
    }


def _port(text: Any) -> dict[str, Any]:
    """``[[address:]published:]target[/protocol]``"""
    ports, _, protocol = str(text).partition("/")
    rest, _, target = ports.rpartition(":")
    address, _, published = rest.rpartition(":")
    found: dict[str, Any] = {"mode": "ingress", "target": _number(target), "published": published}
    found["protocol"] = protocol or "tcp"
    return {**found, "host_ip": address.strip("[]")} if address else found


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else text


def _named(told: Any) -> dict[str, Any]:
    """Volumes and networks: without a name of its own, each gets the project's before it."""
    if not isinstance(told, dict):
        return {}
    return {
        key: {"name": key if isinstance(one, dict) and one.get("external") else f"{PROJECT}_{key}",
              **(one if isinstance(one, dict) else {})}
        for key, one in told.items()
    }  # fmt: skip


def _path(path: str) -> str:
    """As Compose completes it: from the site's folder; ~ is the home of whoever runs it."""
    return posixpath.normpath(posixpath.join(FOLDER, path)) if path[:1] != "~" else path
