"""Names and texts that came from hosts, made harmless where they are read.

A chat service reads markup and mentions out of plain text, so what would be either is replaced by
signs that look like it. Escaping differs between services, and shows where it is not understood.
"""

from __future__ import annotations

import re
from typing import Final

from provisioning.drivers.hostile import printable

_LOOK_ALIKE: Final = str.maketrans(
    {"<": "‹", ">": "›", "[": "⟦", "]": "⟧", "`": "'", "*": "∗", "|": "¦", "~": "∼", "&": "＆"}
)
# A mention ends where its name does: a space of no width behind the sign makes it none.
_MENTION: Final = re.compile(r"@(?=\S)")
_LINE: Final = re.compile(r"\r\n|[\r\n]")
# Invisible ones could hide what a name is, or end a mention's neutral form.
_INVISIBLE: Final = re.compile(r"[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
MAX_LINE: Final = 300


def one_line(text: str, *, chat: bool, limit: int = MAX_LINE) -> str:
    """One line without control characters: a subject, or a line of a body."""
    line = printable(_INVISIBLE.sub("", text), limit=limit)
    return _MENTION.sub("@\u200b", line.translate(_LOOK_ALIKE)) if chat else line


def lines(text: str, *, chat: bool, most: int) -> list[str]:
    """At most so many lines, the rest counted; no empty ones."""
    found = [one for one in _LINE.split(text) if one.strip()]
    kept = [one_line(one, chat=chat) for one in found[:most]]
    rest = len(found) - len(kept)
    return [*kept, f"… and {rest} more line{'s' if rest > 1 else ''}"] if rest else kept
