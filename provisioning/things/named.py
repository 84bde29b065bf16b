"""What a compose file calls by a name of its own: images, and volumes and networks of others.

What Compose makes itself carries the project's label, so only names that are told count here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import yaml

_KEPT: Final = 2048  # texts; they do not change, and each list asks for all of a host


@dataclass(frozen=True, slots=True)
class Named:
    images: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()
    networks: frozenset[str] = frozenset()


@lru_cache(maxsize=_KEPT)
def named_in(compose: str) -> Named:
    """Nothing for what is no compose file. A name made of variables is not known here."""
    try:
        told = yaml.safe_load(compose)
    except (yaml.YAMLError, ValueError, RecursionError):
        return Named()
    if not isinstance(told, dict):
        return Named()
    services = _mappings(told.get("services"))
    return Named(
        images=frozenset(_known(one.get("image") for one in services.values())),
        volumes=frozenset(_known(_own_names(told.get("volumes")))),
        networks=frozenset(_known(_own_names(told.get("networks")))),
    )


def _own_names(told: object) -> list[object]:
    """Of those that have one, or that somebody else made."""
    return [
        one.get("name") or (key if one.get("external") else None)
        for key, one in _mappings(told).items()
    ]


def _mappings(told: object) -> dict[Any, dict[Any, Any]]:
    rows = told.items() if isinstance(told, dict) else ()
    return {key: one for key, one in rows if isinstance(one, dict)}


def _known(names: Any) -> set[str]:
    return {name for name in names if isinstance(name, str) and name and "$" not in name}
