"""What channels are told, as whoever has something to tell says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["firing", "resolved", "test"]
Severity = Literal["critical", "warning", "info"]
# How much each weighs: a channel takes its least severity and all above.
WEIGHT: Final[dict[str, int]] = {"info": 0, "warning": 1, "critical": 2}


@dataclass(frozen=True)
class Notice:
    """``key`` is the same for all that is told of one thing; ``body`` is lines of plain text
    without secrets; ``path`` is where the console shows it."""

    key: str
    kind: Kind
    severity: Severity
    title: str
    body: str
    path: str
    host_id: int | None
    site_id: int | None
