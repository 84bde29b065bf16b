"""What Docker's events ask for: containers to look at again, and containers that are gone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provisioning.sightings import Told

# They change nothing that is shown; a health check alone makes three of them every few seconds.
# Anything else, also what future engines may invent, makes us look.
_NOISE: Final = frozenset(
    {
        "archive-path",
        "attach",
        "commit",
        "copy",
        "detach",
        "exec_create",
        "exec_detach",
        "exec_die",
        "exec_start",
        "export",
        "extract-to-dir",
        "kill",  # a signal was sent; what comes of it is told by an event of its own
        "resize",
        "top",
    }
)
_ID = re.compile(r"[0-9a-f]{12,64}")


# What an event says of the state, so that nobody has to wait until the container can be inspected:
# while a container ends, that takes the Engine a fifth of a second.
_TOLD: Final = {"start": "running", "die": "exited", "pause": "paused", "unpause": "running"}


@dataclass(slots=True)
class Changes:
    """Docker ids in the order in which they were first named; nobody is in both look and gone.

    ``told`` is what the last event said outright; all of these are in ``look`` as well.
    """

    look: dict[str, None] = field(default_factory=dict)
    gone: dict[str, None] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.look or self.gone)


def changes_in(events: Iterable[Mapping[str, Any]]) -> Changes:
    """Docker Engine API 1.41, GET /events; what has another form is passed over."""
    found = Changes()
    for event in events:
        docker_id, action = _named(event)
        if not docker_id or action in _NOISE:
            continue
        if action == "destroy":
            found.look.pop(docker_id, None)
            found.told.pop(docker_id, None)
            found.gone[docker_id] = None
        elif docker_id not in found.gone:
            found.look[docker_id] = None
            if action in _TOLD:
                found.told[docker_id] = Told(_TOLD[action], _exit_code(event))
    return found


def _exit_code(event: Mapping[str, Any]) -> int | None:
    attributes = event["Actor"].get("Attributes")
    code = attributes.get("exitCode") if isinstance(attributes, Mapping) else None
    return int(code) if isinstance(code, str) and code.isdecimal() and len(code) < 6 else None


def _named(event: Mapping[str, Any]) -> tuple[str, str]:
    """The container's id and the bare action: "exec_create: sh -c ls" is exec_create."""
    actor, action = event.get("Actor"), event.get("Action")
    docker_id = actor.get("ID") if isinstance(actor, Mapping) else None
    if event.get("Type") != "container" or not isinstance(action, str):
        return "", ""
    if not isinstance(docker_id, str) or not _ID.fullmatch(docker_id):
        return "", ""
    return docker_id, action.partition(":")[0]
