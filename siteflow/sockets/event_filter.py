"""Which events a socket shows: what stands after the question mark of its address."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from provisioning.drivers.events import TYPES
from siteflow.frames import BadFrame

MAX_VALUES: Final = 20
_NAMES: Final = ("host", "type", "action", "ticket")
_KEY: Final = re.compile(r"[1-9][0-9]{0,17}")
_ACTION: Final = re.compile(r"[a-z][a-z_-]{0,39}")


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Empty sets and None are for any."""

    host: int | None = None
    types: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()

    def takes(self, event: str | None) -> bool:
        """``event`` as a message's scope has it, None: about no single one."""
        if event is None:
            return True
        kind, _, action = event.partition("/")
        return (not self.types or kind in self.types) and (
            not self.actions or action in self.actions
        )


def filter_of(query: bytes) -> EventFilter:
    """Values may be repeated, or separated by commas. Raises BadFrame: nothing is guessed."""
    try:
        given = parse_qs(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_VALUES)
    except ValueError:
        raise BadFrame(f"Give at most {MAX_VALUES} values.", "bad_filter") from None
    if unknown := sorted(set(given) - set(_NAMES)):
        raise BadFrame(
            f"Events are filtered by host, type and action, not by {unknown[0][:40]!r}.",
            "bad_filter", unknown[0][:40],
        )  # fmt: skip
    hosts = _values(given.get("host", []), "host", lambda text: bool(_KEY.fullmatch(text)))
    if len(hosts) > 1:
        raise BadFrame("Give one host, or none for all.", "bad_filter", "host")
    return EventFilter(
        host=int(next(iter(hosts))) if hosts else None,
        types=_values(given.get("type", []), "type", TYPES.__contains__),
        actions=_values(given.get("action", []), "action", _is_action),
    )


def _is_action(text: str) -> bool:
    return bool(_ACTION.fullmatch(text))


def _values(texts: list[str], name: str, is_good: Callable[[str], bool]) -> frozenset[str]:
    values = frozenset(part for text in texts for part in text.split(",") if part)
    for value in values:
        if not is_good(value):
            raise BadFrame(f"{value[:40]!r} is no {name} of events.", "bad_filter", name)
    return values
