"""Backups of sites over HTTP, and the folders on NAS in which they lie."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema

from audit.record import Actor
from provisioning.asking import ask
from provisioning.backups.nas_telling import NasOut, sources_out
from provisioning.backups.rows import BackupFilter, backup_rows
from provisioning.backups.states import nas_of_sites
from provisioning.backups.telling import SiteBackupOut, backup_out
from provisioning.operations.nas import NasFolder, NasSettings
from provisioning.schemas import OperationOut, operation_out
from sites.answers import (
    IDEMPOTENCY_KEY,
    found,
    idempotency_key,
    json_answer,
    list_parameters,
    need,
)
from sites.models import Host
from sites.paging import Page, Paging, filtered, page_of

backups = Router(tags=["sites"])
nas = Router(tags=["hosts"])

ORDERS: Final = {
    "urgency": "rank", "age": "since", "state": "live_state", "name": "site__name",
    "host": "site__host__name", "nas": "source__nas__name", "id": "pk",
}  # fmt: skip
_CHANGES: Final[dict[str, Any]] = {"parameters": [IDEMPOTENCY_KEY]}


class BackupPage(Page):
    """``nas_connected``: whether all NAS behind the sites you see could be read; null when that
    is not known of one, or there is none. ``nas_error`` says why not. ``nas`` are those that you
    see as hosts."""

    nas_connected: bool | None
    nas_error: str
    nas: list[NasOut]
    items: list[SiteBackupOut]


class NasList(Schema):
    items: list[NasOut]


class NasFarewell(NasFolder):
    """``confirm_name`` is the host's name."""

    confirm_name: str


@backups.get("", response=BackupPage, openapi_extra=list_parameters(BackupFilter))
def list_backups(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """One for each site whose backups are to lie on a NAS. Order by urgency (the worst first), age
    (the oldest first, none before that), name, state, host, nas or id."""
    need(request.user, "sites.view_site")
    now = timezone.now()
    rows = filtered(BackupFilter, request, backup_rows(request.user, now=now))
    content = page_of(
        rows, paging, orderings=ORDERS, default="urgency",
        out=lambda row: backup_out(row, now=now),
    )  # fmt: skip
    connected, error = nas_of_sites(request.user, now=now)
    content |= {"nas_connected": connected, "nas_error": error}
    return json_answer(content | {"nas": sources_out(request.user, now=now)})


@nas.get("/{int:host_id}/nas", response=NasList)
def show_nas(request: HttpRequest, host_id: int) -> HttpResponse:
    """The folders of backups on a host, and how each could be read."""
    row = found(Host.objects.visible_to(request.user), host_id)
    return json_answer({"items": sources_out(request.user, nas=row.pk)})


@nas.put("/{int:host_id}/nas", response=NasList, openapi_extra=_CHANGES)
def set_nas(request: HttpRequest, host_id: int, body: NasSettings) -> HttpResponse:
    """Say that backups lie in a folder of this host, or change what was said of it."""
    _start(request, "nas.set", host_id, body.model_dump(exclude_unset=True))
    return json_answer({"items": sources_out(request.user, nas=host_id)})


@nas.delete("/{int:host_id}/nas", response=OperationOut, openapi_extra=_CHANGES)
def forget_nas(request: HttpRequest, host_id: int, body: NasFarewell) -> HttpResponse:
    """Look at a folder no more. On the NAS nothing is touched."""
    params = body.model_dump(exclude={"confirm_name"})
    row = _start(request, "nas.forget", host_id, params, confirm_name=body.confirm_name)
    return json_answer(operation_out(row))


def _start(
    request: HttpRequest, kind: str, host_id: int, params: dict[str, Any], **more: Any
) -> Any:  # fmt: skip
    return ask(
        kind,
        target_id=host_id,
        user=request.user,
        actor=Actor.of_request(request, "api"),
        params=params,
        idempotency_key=idempotency_key(request),
        **more,
    )
