"""The proxy of a host over HTTP, to read; `proxy-install`, `-sync` and `-reload` are its verbs."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from provisioning.proxy.report import report
from sites.answers import found, json_answer
from sites.models import Host

proxies = Router(tags=["hosts"])


class VhostOut(Schema):
    """``state``: served, changed, new, gone, edited (by hand) or refused; ``serves`` in words."""

    name: str
    site: int | None
    state: str
    serves: list[str]
    problem: str


class ProxyOut(Schema):
    """``state``: missing, in_step, behind, edited (by hand) or unknown, when it cannot be asked.
    It was asked at ``observed_at``; ``source`` is record where there is none to ask.

    ``digest`` stands for the plan in ``plan``: `proxy-sync` takes it as ``plan_digest``.
    """

    host: int
    state: str
    observed_at: datetime
    source: str
    error: str
    container: str
    http_port: int | None
    https_port: int | None
    admin_port: int | None
    loaded_at: datetime | None
    vhosts: list[VhostOut]
    plan: list[str]
    digest: str


@proxies.get("/{int:host_id}/proxy", response=ProxyOut)
def show_proxy(request: HttpRequest, host_id: int) -> HttpResponse:
    """What the host's proxy serves now, as it says itself, and what a sync would change."""
    rows = Host.objects.visible_to(request.user).select_related("credential")
    return json_answer(report(found(rows, host_id)))
