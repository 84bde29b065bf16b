"""The tab with a terminal in it, of a container and of a host."""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from provisioning.models import TerminalSession
from provisioning.terminals.beginning import may_open_on
from provisioning.terminals.models import IN_CONTAINERS
from sites.models import Container, Host
from sites.rights import may_on

LATEST: Final = 20


def may_enter(request: HttpRequest, row: Container | Host) -> bool:
    """Whether the tab is there for this account."""
    user = request.user
    if isinstance(row, Host):
        return user.is_authenticated and may_open_on(user, row)
    return may_on(user, IN_CONTAINERS, row)


def terminal_tab(request: HttpRequest, row: Container | Host) -> dict[str, Any]:
    if not may_enter(request, row):
        raise PermissionDenied
    inside = isinstance(row, Container)
    host = row.host if isinstance(row, Container) else row
    sessions = TerminalSession.objects.filter(**{"container" if inside else "host": row})
    return {
        "socket": f"/ws/containers/{row.pk}/exec" if inside else f"/ws/hosts/{row.pk}/terminal",
        "inside": inside,
        "terminals": host.terminals,
        "open_terminals": _open(request, sessions),
        "recordings": sessions.replayable_by(request.user).exclude(ended_at=None)[:LATEST],
    }


def _open(request: HttpRequest, rows: QuerySet[TerminalSession]) -> list[TerminalSession]:
    found = TerminalSession.objects.filter(pk__in=rows.values("pk"))
    living = found.watchable_by(request.user).open().filter(lease_until__gt=timezone.now())
    return list(living[:LATEST])
