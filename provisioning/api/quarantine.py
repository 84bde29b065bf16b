"""Removed sites whose data is still there: what rests, and for how long."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from provisioning.api.actions import add_actions
from provisioning.quarantine.models import Quarantine
from provisioning.quarantine.shown import QuarantineOut, quarantine_out
from sites.answers import json_answer, need
from sites.paging import Page, Paging, page_of

quarantine = Router(tags=["sites"])
add_actions(quarantine, "quarantine")

ORDERS: Final = {"until": "until", "name": "name", "id": "pk"}


class QuarantinePage(Page):
    items: list[QuarantineOut]


@quarantine.get("", response=QuarantinePage)
def list_quarantine(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """Removed sites whose volumes or files rest on their host. Order by until, name or id."""
    need(request.user, "sites.manage_site")
    rows = Quarantine.objects.visible_to(request.user).select_related("host").defer("encrypted")
    return json_answer(page_of(rows, paging, orderings=ORDERS, default="until", out=quarantine_out))
