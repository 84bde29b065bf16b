"""What can be done with a container, and its log."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from audit.record import Actor
from provisioning.api.actions import add_actions
from provisioning.api.provision import PlanOut
from provisioning.inspecting import inspect
from provisioning.logs.asking import LogQuery
from provisioning.logs.reading import as_text, read_log
from provisioning.new_container.on_host import ContainerOnHost
from provisioning.previews import host_for, preview_container
from sites.answers import found, json_answer
from sites.models import Container

actions = Router(tags=["containers"])
add_actions(actions, "container")


class LimitsOut(Schema):
    memory_bytes: int | None
    swap_bytes: int | None
    cpus: float | None
    pids: int | None
    restart: str


class Inspected(Schema):
    """``inspect`` is Docker's own description, secrets masked and large parts left out; of how the
    host is laid out only who sees the host is told. Limits: null is none; memory in bytes, with
    swap in ``swap_bytes``; CPUs in whole ones."""

    container: int
    observed_at: datetime
    source: str
    limits: LimitsOut
    inspect: dict[str, Any]


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


@actions.post("/plan", response=PlanOut)
def plan_container(request: HttpRequest, body: ContainerOnHost) -> HttpResponse:
    """What making this container would do, read from the host now. Nothing is changed by asking."""
    plan = preview_container(
        host_for(body.host, request.user), body.told_of_it(), actor=Actor.of_request(request, "api")
    )
    return json_answer(plan.to_dict())


@actions.get("/{int:container_id}/inspect", response=Inspected)
def inspect_container(request: HttpRequest, container_id: int) -> HttpResponse:
    """What Docker itself tells of a container, read on its host now."""
    rows = Container.objects.visible_to(request.user).select_related("host__credential")
    return json_answer(inspect(found(rows, container_id), user=request.user))


@actions.get("/{int:container_id}/logs", response=LogLines)
def container_logs(request: HttpRequest, container_id: int, query: Query[LogAsked]) -> HttpResponse:
    """The end of a container's log, or what follows a line of it, as its host has it now."""
    rows = Container.objects.visible_to(request.user).select_related("host__credential")
    row = found(rows, container_id)
    told: dict[str, Any] = read_log(row, query.asked, timestamps=query.timestamps)
    return as_text(row, told) if query.format == "text" else json_answer(told)
