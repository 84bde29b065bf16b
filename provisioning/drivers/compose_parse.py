"""Pure functions from what Docker Compose prints to values. A compromised host may print anything.

What cannot be read at all is ``garbage``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import storable
from provisioning.drivers.parse_container import MAX_INT, STATES

_MAX_ROWS = 1000
_MAX_NAME = 255
_HASH: Final = re.compile(r"([a-zA-Z0-9._-]{1,255}) ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class ServiceContainer:
    """One row of ``compose ps --all``. ``state`` and ``health`` as in `ContainerState`."""

    service: str
    name: str
    docker_id: str  # the first 12 digits of it
    image: str
    state: str
    health: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class ServiceImage:
    """One row of ``compose images``: what a container was made from."""

    container: str
    image_id: str
    repository: str
    tag: str
    size_bytes: int


def config(text: str) -> dict[str, Any]:
    """The resolved model (``config --format json``). In its strings ``$$`` stands for ``$``."""
    model = _json(text)
    if not isinstance(model, dict) or not isinstance(model.get("services", {}), dict):
        raise _garbage("model")
    return model


def image_of(model: dict[str, Any], service: str) -> str:
    """The name of a service's image; compose makes one up for what is built without one."""
    return str(model["services"][service].get("image") or f"{model.get('name', '')}-{service}")


def replicas(model: dict[str, Any], service: str) -> int:
    """How many containers a service is to have (``scale`` or ``deploy: {replicas:}``)."""
    told = model["services"][service]
    count = told.get("scale", (told.get("deploy") or {}).get("replicas", 1))
    return count if isinstance(count, int) and 0 < count <= _MAX_ROWS else 1


def hashes(text: str) -> dict[str, str]:
    """Service → config hash (``config --hash '*'``)."""
    found = [_HASH.fullmatch(line) for line in text.split("\n") if line.strip()]
    if len(found) > _MAX_ROWS or None in found:
        raise _garbage("list of hashes")
    return {row[1]: row[2] for row in found if row is not None}


def ps(text: str) -> tuple[ServiceContainer, ...]:
    """From Compose 2.21 on one object a line, before that an array of them."""
    return tuple(_container(row) for row in _rows(text))


def images(text: str) -> tuple[ServiceImage, ...]:
    return tuple(_image(row) for row in _rows(text))


def _container(row: dict[str, Any]) -> ServiceContainer:
    state, health = _text(row, "State"), _text(row, "Health")
    if state not in STATES:
        raise _garbage("list of containers")
    return ServiceContainer(
        service=_text(row, "Service"),
        name=_text(row, "Name"),
        docker_id=_text(row, "ID")[:12],
        image=_text(row, "Image"),
        state=state,
        health=health if health in ("healthy", "unhealthy", "starting") else "",
        exit_code=_number(row, "ExitCode", MAX_INT),
    )


def _image(row: dict[str, Any]) -> ServiceImage:
    return ServiceImage(
        container=_text(row, "ContainerName"),
        image_id=_text(row, "ID"),
        repository=_text(row, "Repository"),
        tag=_text(row, "Tag"),
        size_bytes=_number(row, "Size", 2**63 - 1),
    )


def _rows(text: str) -> list[dict[str, Any]]:
    if text.lstrip().startswith("["):
        rows = _json(text)
    else:
        rows = [_json(line) for line in text.split("\n") if line.strip()]
    if not isinstance(rows, list) or len(rows) > _MAX_ROWS:
        raise _garbage("list")
    if not all(isinstance(row, dict) for row in rows):
        raise _garbage("list")
    return rows


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _garbage("JSON") from None


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    return storable(value, limit=_MAX_NAME) if isinstance(value, str) else ""


def _number(row: dict[str, Any], key: str, most: int) -> int:
    value = row.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 <= value <= most else 0


def _garbage(what: str) -> DriverError:
    return DriverError(f"Compose's answer is no readable {what}", "garbage")
