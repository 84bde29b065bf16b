"""Pages beside terminals: a recording that is played, and somebody else's terminal, live."""

from __future__ import annotations

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from audit.models import Phase, Source, Status
from audit.record import Actor, record
from provisioning.terminals.models import TerminalQuerySet, TerminalSession
from provisioning.terminals.recording import cast


@require_safe
def replay_page(request: HttpRequest, key: int) -> TemplateResponse:
    row = _found(TerminalSession.objects.replayable_by(request.user), key)
    return _page(request, "console/replay.html", row)


@require_safe
def watch_page(request: HttpRequest, key: int) -> TemplateResponse:
    row = _found(TerminalSession.objects.open().watchable_by(request.user), key)
    return _page(request, "console/watch.html", row)


@require_POST
def recording_file(request: HttpRequest, key: int) -> HttpResponse | StreamingHttpResponse:
    """The recording, as a file for asciinema's players too. That it was looked at is on record."""
    row = _found(TerminalSession.objects.replayable_by(request.user), key)
    record(
        phase=Phase.EVENT,
        action="terminal.replay",
        status=Status.SUCCEEDED,
        actor=Actor.of_request(request, Source.CONSOLE),
        target_type="container" if row.docker_id else "host",
        target_id=(row.container_id if row.docker_id else row.host_id) or "",
        target_name=row.container_name or row.host_name,
        host_name=row.host_name,
        place=row.place,
        after={"terminal": row.pk},
    )
    response = HttpResponse("".join(cast(row)), content_type="application/x-asciicast")
    response["Content-Disposition"] = f'attachment; filename="terminal-{row.pk}.cast"'
    return response


def _found(rows: TerminalQuerySet, key: int) -> TerminalSession:
    row = rows.filter(pk=key).first() if key < 1 << 63 else None
    if row is None:
        raise Http404
    return row


def _page(request: HttpRequest, template: str, row: TerminalSession) -> TemplateResponse:
    context = {**admin.site.each_context(request), "title": str(row), "row": row}
    return TemplateResponse(request, template, context)
