"""Logs of containers that are no more."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema

from provisioning.log_archive.shown import archive_out, archive_rows
from provisioning.logs.reading import as_file
from sites.answers import found, json_answer, need
from sites.paging import Page, Paging, page_of

archives = Router(tags=["containers"])
ORDERS: Final = {"created_at": "created_at", "id": "pk", "name": "name"}


class ArchiveOut(Schema):
    """``kind`` is container or proxy; ``release`` is the one that the container ran."""

    id: int
    kind: str
    name: str
    docker_id: str
    host: int
    site: int | None
    site_name: str
    release: int | None
    operation: int | None
    lines: int
    is_whole: bool
    size_bytes: int
    first_at: str | None
    last_at: str | None
    created_at: datetime


class ArchivePage(Page):
    items: list[ArchiveOut]


class ArchiveDetail(ArchiveOut):
    """``text``: a line for each of the log, with its time and output in front."""

    text: str


class Chosen(Schema):
    site: int | None = None
    host: int | None = None


@archives.get("", response=ArchivePage)
def list_archives(
    request: HttpRequest, paging: Query[Paging], chosen: Query[Chosen]
) -> HttpResponse:
    """What was kept when a release, a removal or a deprovision took containers away."""
    need(request.user, "sites.view_container")
    given = {name: key for name, key in chosen.dict().items() if key is not None}
    rows = archive_rows(request.user).filter(**given)
    return json_answer(
        page_of(rows, paging, orderings=ORDERS, default="-created_at", out=archive_out)
    )


@archives.get("/{int:archive_id}", response=ArchiveDetail)
def show_archive(
    request: HttpRequest, archive_id: int, format: Literal["json", "text"] = "json"
) -> HttpResponse:
    row = found(archive_rows(request.user), archive_id)
    text = row.reveal()
    if format == "text":
        return as_file(f"{row.name}-{row.created_at:%Y%m%d-%H%M%S}", f"{text}\n")
    return json_answer({**archive_out(row), "text": text})
