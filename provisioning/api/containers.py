"""What can be done with a container, and its log."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from audit.moments import Moment
from provisioning.api.actions import add_actions
from provisioning.logs import MAX_LINES, read_log
from sites.answers import found, json_answer
from sites.models import Container

actions = Router(tags=["containers"])
add_actions(actions, "container")


class LogQuery(Schema):
    tail: int = Field(200, ge=1, le=MAX_LINES, description="the last lines of the log")
    since: Moment | None = Field(None, description="ISO 8601, or seconds since 1970")
    search: str = Field("", max_length=200, description="only lines with this text, in any case")


class LogLines(Schema):
    """``read`` lines came from the host; ``lines`` are those that match."""

    container: int
    lines: list[str]
    read: int


@actions.get("/{int:container_id}/logs", response=LogLines)
def container_logs(request: HttpRequest, container_id: int, query: Query[LogQuery]) -> HttpResponse:
    """The end of a container's log as its host has it now."""
    rows = Container.objects.visible_to(request.user).select_related("host__credential")
    row = found(rows, container_id)
    return json_answer(read_log(row, tail=query.tail, since=query.since, search=query.search))
