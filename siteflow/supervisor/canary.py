"""Is the queue alive? A task that passes through it renews a file; we watch the file.

Times are measured by our own clock from when a change was seen, so a changed system time or a
suspended machine does not look like a hang.
"""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path
from typing import Final

FIRST_S: Final = 15.0  # a worker that has just started has this time before it counts


class Canary:
    """``limit_s`` seconds without a change of the file at ``path`` mean that it is dead."""

    def __init__(self, path: Path, *, limit_s: float, first_s: float = FIRST_S) -> None:
        self._path, self._limit_s, self._first_s = path, limit_s, first_s
        self._seen_ns = 0
        self._changed_at = -math.inf

    def silent_s(self, *, now: float, started_at: float) -> float | None:
        """For how long it has been silent, if that is too long for a worker started then."""
        changed_ns = self._modified_ns()
        if changed_ns != self._seen_ns:
            self._seen_ns, self._changed_at = changed_ns, now
        silent_s = now - max(self._changed_at, started_at + self._first_s)
        return silent_s if silent_s > self._limit_s else None

    def _modified_ns(self) -> int:
        with suppress(FileNotFoundError):
            return self._path.stat().st_mtime_ns
        return 0
