"""The audit over HTTP, mounted at /api/audit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any, Literal

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.utils import timezone
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError

from audit.chain import Verdict, verify
from audit.export import Format, start_export
from audit.filters import EntryFilter
from audit.models import Entry, Phase, Source, Status
from audit.paging import page_of
from audit.reach import reach
from audit.record import Actor
from audit.retention import cleanup

router = Router(tags=["audit"])


class EntryQuery(EntryFilter):
    page: int = Field(1, ge=1)
    page_size: int = Field(50, ge=1, le=500)
    after: int | None = Field(None, description="only entries older than the one of this id")


class LogOut(Schema):
    id: int
    at: datetime
    phase: Phase
    action: str
    status: Status
    target_type: str
    target_id: str
    target_name: str
    host_name: str
    host_id: int | None = None
    site_id: int | None = None
    actor_id: int | None
    actor_name: str
    source: Source
    remote_addr: str | None
    user_agent: str
    request_id: str
    operation_id: int | None
    before: Any
    after: Any
    output: str
    error: str
    error_code: str
    duration_ms: float | None
    prev_hash: str
    hash: str


class LogPage(Schema):
    logs: list[LogOut]
    total: int
    total_is_exact: bool = Field(description="false: there are more, counting stopped")
    page: int
    page_size: int
    total_pages: int
    next_after: int | None = Field(description="pass as `after` for the next page")


class CleanupOut(Schema):
    deleted: int
    message: str


class VerdictOut(Schema):
    ok: bool
    checked: int
    first_bad_id: int | None
    reason: str
    notes: list[str]


class ExportQuery(EntryFilter):
    format: Literal["jsonl", "csv"] = "jsonl"


def _require(request: HttpRequest, permission: str) -> None:
    if not reach(request.user, permission):
        raise HttpError(403, f"This needs the permission {permission}.")


@router.get("/logs", response=LogPage)
def logs(request: HttpRequest, query: Query[EntryQuery]) -> JsonResponse:
    """Entries, newest first. Deep pages are read by `after`, at the same speed everywhere."""
    _require(request, "audit.view_entry")
    page = page_of(
        Entry.objects.visible_to(request.user),
        query,
        page=query.page,
        page_size=query.page_size,
        after=query.after,
    )
    # Our own rows: the schema above documents them, checking each again would double the time.
    return JsonResponse(vars(page) | {"total_pages": page.total_pages})


@router.post("/cleanup", response=CleanupOut)
def clean_up(request: HttpRequest) -> dict[str, Any]:
    """Delete entries older than the retention; that is put on record itself."""
    _require(request, "audit.cleanup_entry")
    deleted = cleanup(actor=Actor.of_request(request, Source.API))
    return {"deleted": deleted, "message": f"{deleted} entries older than the retention deleted."}


@router.get("/verify", response=VerdictOut)
def verify_chain(request: HttpRequest, start: int | None = None) -> Verdict:
    """Check the whole chain (or from entry `start`) and name the first bad entry."""
    _require(request, "audit.verify_entry")
    return verify(start=start)


@router.get("/export")
def export(request: HttpRequest, query: Query[ExportQuery]) -> StreamingHttpResponse:
    """All entries that match, oldest first, as JSON lines or CSV."""
    _require(request, "audit.export_entry")
    form = Format(query.format)
    actor = Actor.of_request(request, Source.API)
    content = start_export(actor=actor, chosen=EntryFilter(**_filters(query)), form=form)
    name = f"audit-{timezone.now():%Y%m%dT%H%M%SZ}.{form}"
    return StreamingHttpResponse(
        # Under ASGI, Django would first read a plain iterator to its end, all into memory.
        _in_thread(content) if isinstance(request, ASGIRequest) else content,
        content_type=form.content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _filters(query: ExportQuery) -> dict[str, Any]:
    return query.model_dump(exclude={"format"}, exclude_unset=True)


async def _in_thread(content: Iterator[bytes]) -> AsyncIterator[bytes]:
    next_piece = sync_to_async(lambda: next(content, None))
    while (piece := await next_piece()) is not None:
        yield piece
