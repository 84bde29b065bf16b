"""Looking on: the pieces of a recording that were written since."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils import timezone

from provisioning.terminals import recording
from provisioning.terminals.beginning import TerminalError
from provisioning.terminals.models import TerminalSession, TerminalWatcher

_PIECES_AT_ONCE = 4


@dataclass(frozen=True)
class News:
    """``seen`` is the last piece that is in here; ``events`` are kinds and texts."""

    seen: int
    events: list[tuple[str, str]]
    is_over: bool = False
    why: str = ""
    exit_code: int | None = None


def begin(key: int, user: User) -> tuple[TerminalSession, int]:
    """The open terminal, and the row that tells its owner who looks on."""
    rows = TerminalSession.objects.open().watchable_by(user).select_related("host")
    row = rows.filter(pk=key).first()
    if row is None:
        raise TerminalError("There is no such terminal open.", "not_found", status=404)
    now = timezone.now()
    watcher = TerminalWatcher.objects.create(
        session=row, name=user.get_username(), since=now, seen_at=now
    )
    return row, watcher.pk


def news(row: TerminalSession, seen: int, watcher: int) -> News:
    """What was written since. Whether it has ended is read first, so that nothing is missed."""
    TerminalWatcher.objects.filter(pk=watcher).update(seen_at=timezone.now())
    ends = TerminalSession.objects.filter(pk=row.pk).exclude(ended_at=None)
    end = ends.values_list("why", "exit_code").first()
    found: list[tuple[str, str]] = []
    taken = 0
    for number, text in recording.pieces(row, after=seen):
        found += [(kind, told) for _, kind, told in recording.events(text)]
        seen, taken = number, taken + 1
        if taken >= _PIECES_AT_ONCE:
            return News(seen, found)
    if end is None:
        return News(seen, found)
    return News(seen, found, is_over=True, why=end[0], exit_code=end[1])


def leave(watcher: int) -> None:
    TerminalWatcher.objects.filter(pk=watcher).delete()
