"""Places where a test can make a worker die, fail or wait. Off unless the variable is set.

``SITEFLOW_FAILPOINTS="container.restart/Act/before=kill;host.test/*/after=raise"``
"""

from __future__ import annotations

import os
import signal
from fnmatch import fnmatchcase

_VARIABLE = "SITEFLOW_FAILPOINTS"


class FailpointError(Exception):
    """Raised because a test asked for it."""


def hit(kind: str, step: str, when: str) -> None:
    """``when`` is before or after; the action kill ends this process at once, raise raises."""
    if not (wanted := os.environ.get(_VARIABLE)):
        return
    place = f"{kind}/{step}/{when}"
    for entry in wanted.split(";"):
        pattern, _, action = entry.rpartition("=")
        if fnmatchcase(place, pattern):
            _do(action, place)


def _do(action: str, place: str) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "raise":
        raise FailpointError(place)
