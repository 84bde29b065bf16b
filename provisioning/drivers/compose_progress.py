"""One line of what Compose prints while it works, as something that can be counted and shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from provisioning.drivers.hostile import printable

What = Literal["container", "network", "volume", "image", "service", "layer", "build"]

_NAMED: Final = r'"?(?P<name>[^\s"]{1,255})"?\s+(?P<status>\S.*)$'
_LAYER: Final = re.compile(r"^ (?P<name>[0-9a-f]{12}) (?P<status>[A-Z].*)$")
_SERVICE: Final = re.compile(
    r"^ (?P<name>[\w.-]{1,255})"
    r" (?P<status>(?:Pull|Push|Skipp|Build|Built|Error|Warning|Interrupt).*)$"
)
_STEP: Final = re.compile(r"^#\d{1,6} \[(?P<name>[^\]]{1,100})\] (?P<status>\S.*)$")
_KINDS: Final[tuple[tuple[What, re.Pattern[str]], ...]] = (
    ("container", re.compile("^ Container " + _NAMED)),
    ("network", re.compile("^ Network " + _NAMED)),
    ("volume", re.compile("^ Volume " + _NAMED)),
    ("image", re.compile("^ Image " + _NAMED)),
    ("layer", _LAYER),
    ("service", _SERVICE),
    ("build", _STEP),
)


@dataclass(frozen=True, slots=True)
class Progress:
    """``shop-web-1`` ``Started``; for a build the step (``web 2/5``) and its instruction."""

    what: What
    name: str
    status: str


def progress(line: str) -> Progress | None:
    """None for a line that tells of no progress: output of a build, warnings, errors."""
    line = line[:2000]
    for what, pattern in _KINDS:
        if found := pattern.match(line):
            name, status = printable(found["name"], limit=255), printable(found["status"])
            return Progress(what, name, status)
    return None
