"""What can be done with a container, and its log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from audit.moments import Moment
from audit.record import Actor
from provisioning.api.actions import add_actions
from provisioning.api.provision import PlanOut
from provisioning.inspecting import inspect
from provisioning.logs import MAX_LINES, read_log
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


class LogQuery(Schema):
    tail: int = Field(200, ge=1, le=MAX_LINES, description="the last lines of the log")
    since: Moment | None = Field(None, description="ISO 8601, or seconds since 1970")
    search: str = Field("", max_length=200, description="only lines with this text, in any case")


class LogLines(Schema):
    """``read`` lines came from the host; ``lines`` are those that match."""

    container: int
    lines: list[str]
    read: int


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
def container_logs(request: HttpRequest, container_id: int, query: Query[LogQuery]) -> HttpResponse:
    """The end of a container's log as its host has it now."""
    rows = Container.objects.visible_to(request.user).select_related("host__credential")
    row = found(rows, container_id)
    return json_answer(read_log(row, tail=query.tail, since=query.since, search=query.search))
