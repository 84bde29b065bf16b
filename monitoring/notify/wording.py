"""The message for what is told through a channel at one time: one notice, or several together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

from monitoring.notify.models import Delivery
from monitoring.notify.neutral import lines, one_line
from monitoring.notify.notices import WEIGHT
from provisioning.drivers.notify import Message

MAX_TITLE: Final = 200
MAX_BODY: Final = 1800  # characters; the shortest that a widely used service takes is 2,000
_ALONE_LINES: Final = 20
_EACH_LINES: Final = 2
_TYPES: Final[dict[str, Literal["failure", "warning", "info"]]] = {
    "critical": "failure",
    "warning": "warning",
    "info": "info",
}


def message_of(rows: Sequence[Delivery], *, chat: bool) -> Message:
    """``rows`` in the order they were told, at least one; ``chat``: for a service with markup."""
    title = _title(rows[0]) if len(rows) == 1 else _title_of_several(rows)
    body = _body(rows[0], chat) if len(rows) == 1 else _body_of_several(rows, chat)
    return Message(
        one_line(title, chat=chat, limit=MAX_TITLE), _capped(body, MAX_BODY), _type(rows)
    )


def _word(row: Delivery) -> str:
    return row.kind if row.kind in ("resolved", "test") else row.severity


def _title(row: Delivery) -> str:
    return f"{_word(row).capitalize()}: {row.title}"


def _title_of_several(rows: Sequence[Delivery]) -> str:
    kinds = Counter("resolved" if row.kind == "resolved" else "alerts" for row in rows)
    told = []
    if count := kinds["alerts"]:
        told.append(f"{count} alert{'s' if count > 1 else ''}")
    if count := kinds["resolved"]:
        told.append(f"{count} resolved")
    hosts = {row.host.name if row.host else "" for row in rows}
    where = f" on {hosts.pop()}" if len(hosts) == 1 and "" not in hosts else ""
    return ", ".join(told) + where


def _body(row: Delivery, chat: bool) -> list[str]:
    return [*lines(row.body, chat=chat, most=_ALONE_LINES), f"Noticed {_moment(row)}"]


def _body_of_several(rows: Sequence[Delivery], chat: bool) -> list[str]:
    """The worst first; each with the begin of what is said of it."""
    body: list[str] = []
    for row in sorted(rows, key=lambda row: (row.kind == "resolved", -WEIGHT[row.severity])):
        body.append(f"• {one_line(_title(row), chat=chat)} ({_moment(row)})")
        body += [f"   {one}" for one in lines(row.body, chat=chat, most=_EACH_LINES)]
    return body


def _moment(row: Delivery) -> str:
    return f"{row.created_at:%Y-%m-%d %H:%M} UTC"


def _type(rows: Sequence[Delivery]) -> Literal["failure", "warning", "info", "success"]:
    if all(row.kind == "resolved" for row in rows):
        return "success"
    bad = [row.severity for row in rows if row.kind != "resolved"]
    return _TYPES[max(bad, key=lambda severity: WEIGHT[severity])]


def _capped(told: list[str], limit: int) -> str:
    """Whole lines, and how many were left out."""
    kept: list[str] = []
    room = limit - len("… and 10000 more lines")
    for position, line in enumerate(told):
        room -= len(line) + 1
        if room < 0:
            rest = len(told) - position
            return "\n".join([*kept, f"… and {rest} more line{'s' if rest > 1 else ''}"])
        kept.append(line)
    return "\n".join(kept)
