"""An event as Docker says it becomes the few things of it that are shown. Nothing is believed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provisioning.drivers.events import TYPES
from provisioning.drivers.hostile import printable

# Health checks make three of them every few seconds, and they hold command lines, which may hold
# secrets. Terminals that were opened through SiteFlow are in the audit.
_UNTOLD: Final = frozenset(
    {"exec_create", "exec_start", "exec_die", "exec_detach", "resize", "top"}
)
_ATTRIBUTES: Final = (
    "image", "exitCode", "signal", "driver", "type",
    "com.docker.compose.project", "com.docker.compose.service",
)  # fmt: skip
_ACTION: Final = re.compile(r"[a-z][a-z_-]{0,39}")
_HEALTH: Final = frozenset({"healthy", "unhealthy", "starting", "running"})
_MAX_NS: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Happening:
    """``actor`` is Docker's id of what it happened to; of an image or a volume often its name."""

    at_ns: int
    type: str
    action: str
    actor: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def happenings(events: Iterable[Mapping[str, Any]]) -> list[Happening]:
    """Docker Engine API 1.41, GET /events; what has another form is passed over."""
    return [found for event in events if (found := happening_of(event)) is not None]


def happening_of(event: Mapping[str, Any]) -> Happening | None:
    kind, said, actor = event.get("Type"), event.get("Action"), event.get("Actor")
    if kind not in TYPES or not isinstance(said, str) or not isinstance(actor, Mapping):
        return None
    action, _, detail = (part.strip() for part in said.partition(":"))
    if action in _UNTOLD or not _ACTION.fullmatch(action):
        return None
    own = _text(actor.get("ID"), limit=80)
    given = actor.get("Attributes")
    attributes = given if isinstance(given, Mapping) else {}
    name = _text(attributes.get("name"), limit=120) or own
    shown = {key: text for key in _ATTRIBUTES if (text := _text(attributes.get(key), limit=120))}
    if action == "health_status" and detail in _HEALTH:
        shown["health"] = detail
    return Happening(_at_ns(event.get("timeNano")), kind, action, own, name, shown)


def _text(value: object, *, limit: int) -> str:
    return printable(value, limit=limit) if isinstance(value, str) else ""


def _at_ns(value: object) -> int:
    sound = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MAX_NS
    return value if sound and isinstance(value, int) else time.time_ns()
