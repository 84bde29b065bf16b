"""The words of the compose lint: a problem, and careful looks at a model of any shape."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from provisioning.drivers.hostile import printable
from provisioning.drivers.reserved_labels import is_reserved


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at ``path`` (``services.web.privileged``); ``code`` names the rule.

    A ``warning`` is for people to read; anything else is refused.
    """

    path: str
    code: str
    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """Whose model it is: its folder on the host and its compose project.

    Of what is on the host already, ``free`` belongs to nobody and may be used, ``foreign`` to
    somebody else, whatever its name begins with. Both are names of volumes and networks.
    """

    folder: str
    project: str
    free: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()

    def holds(self, path: object) -> bool:
        """Strictly below the folder. Links are not seen here: who writes there has to look."""
        if not isinstance(path, str) or not path.startswith("/"):
            return False
        return posixpath.normpath(path).startswith(f"{self.folder}/")

    def owns(self, name: object) -> bool:
        """Whether a volume or network of this name is the project's own."""
        if not isinstance(name, str) or name in self.foreign:
            return False
        return name in self.free or name.startswith(f"{self.project}_")


Problems = Iterator[Problem]


def shown(value: object) -> str:
    return printable(str(value)[:400], limit=120)


def mapping(value: object) -> dict[str, Any]:
    """The value as a mapping; anything else is an empty one, which then lacks what is needed."""
    return {str(key): each for key, each in value.items()} if isinstance(value, dict) else {}


def several(value: object) -> list[Any]:
    """The value as a list; a single one becomes a list of it, so that no shape hides a value."""
    if value is None or value is False or value == "":
        return []
    if isinstance(value, dict):
        return [f"{key}={each}" for key, each in value.items()]
    return value if isinstance(value, list) else [value]


def is_set(value: object) -> bool:
    return value not in (None, False, "", [], {}, 0, "0", "false")


def label_problems(path: str, thing: dict[str, Any]) -> Problems:
    """Of a service, volume or network."""
    for each in several(thing.get("labels")):
        name = str(each).partition("=")[0]
        if is_reserved(name):
            message = f"says whose it is, which is not for it to say: {shown(name)}"
            yield Problem(f"{path}.labels", "reserved_label", message)
