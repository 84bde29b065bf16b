"""What can be done with a container, and its log."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from provisioning.api.actions import add_actions
from provisioning.logs.asking import LogQuery
from provisioning.logs.reading import as_text, read_log
from sites.answers import found, json_answer
from sites.models import Container

actions = Router(tags=["containers"])
add_actions(actions, "container")


class LogAsked(LogQuery):
    format: Literal["json", "text"] = Field("json", description="text: a file to download")


class LogItem(Schema):
    """``level`` is what the line says itself: debug, info, warning, error or nothing."""

    cursor: str
    at: str
    stream: str
    level: str | None
    text: str


class LogLines(Schema):
    """``read`` lines came from the host; ``lines`` are those that match, ``items`` the same.

    ``first`` and ``last`` are the cursors of what was read: ask ``after`` the last for what comes
    next, as long as there is ``more``. ``missed``: the line of ``after`` is not in the log any
    more, nor may others be that followed it.
    """

    container: int
    lines: list[str]
    read: int
    items: list[LogItem]
    first: str | None
    last: str | None
    more: bool
    missed: bool


@actions.get("/{int:container_id}/logs", response=LogLines)
def container_logs(request: HttpRequest, container_id: int, query: Query[LogAsked]) -> HttpResponse:
    """The end of a container's log, or what follows a line of it, as its host has it now."""
    rows = Container.objects.visible_to(request.user).select_related("host__credential")
    row = found(rows, container_id)
    told: dict[str, Any] = read_log(row, query.asked, timestamps=query.timestamps)
    return as_text(row, told) if query.format == "text" else json_answer(told)
