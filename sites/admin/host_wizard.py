"""Adding a host step by step: each button one move of the wizard, each page what it has so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from audit.record import Actor
from provisioning.engine import EngineError
from provisioning.models import Wizard
from provisioning.operations.contract import VerbError
from provisioning.wizards import moves
from provisioning.wizards.shape import wizard_out
from sites.admin.host_wizard_forms import ConnectionForm, form_of
from sites.admin.reading import found_or_404
from sites.models import Host
from sites.rights import may

KIND = "ssh_host"
Forms = Any  # the form of a step, or None


def own(request: HttpRequest) -> QuerySet[Wizard]:
    """The wizards this account can go on with."""
    if not may(request.user, "sites.manage_host"):
        return Wizard.objects.none()
    rows = Wizard.objects.visible_to(request.user).filter(kind=KIND).active()
    return rows.select_related("host")


def first_page(request: HttpRequest, frame: dict[str, Any]) -> HttpResponse:
    """The first step. There is no wizard before something was filled in."""
    _allowed(request)
    form = ConnectionForm(request.POST or None, visitor=request.user)
    if request.method == "POST" and form.is_valid():
        actor, initial = Actor.of_request(request, "console"), {"connection": form.values()}
        try:
            row = moves.go_on(moves.start(KIND, actor=actor, initial=initial), actor=actor)
            return HttpResponseRedirect(address(row))
        except (EngineError, VerbError) as error:
            _say_at_field(form, error)
    blank = Wizard(kind=KIND, step="connection", created_at=timezone.now())
    return _render(request, blank, form, frame)


def page(request: HttpRequest, key: int, frame: dict[str, Any]) -> HttpResponse:
    _allowed(request)
    rows = Wizard.objects.visible_to(request.user).filter(kind=KIND)
    row = found_or_404(rows.select_related("host__credential"), key)
    if request.method == "POST":
        return _moved(request, row, frame)
    if not row.is_active:
        return HttpResponseRedirect(_end_of(row))
    return _render(request, row, form_of(row, request.user), frame)


def address(row: Wizard) -> str:
    return reverse("admin:sites_host_wizard", args=[row.pk])


def _moved(request: HttpRequest, row: Wizard, frame: dict[str, Any]) -> HttpResponse:
    """One button: what the page has to save is saved first."""
    name = request.POST.get("move", "next")
    form = form_of(row, request.user, request.POST) if name == "next" else None
    if form is not None and not form.is_valid():
        return _render(request, row, form, frame)
    values = form.values() if form else {}
    if name == "approve":
        values = {"fingerprint": request.POST.get("fingerprint", "")}
    actor, guard = Actor.of_request(request, "console"), _guard(request)
    try:
        if values:
            row = moves.save_step(row, values, actor=actor, guard=guard)
            guard = moves.Guard(version=row.version)
        row = MOVES.get(name, moves.go_on)(row, actor=actor, guard=guard)
    except (EngineError, VerbError) as error:
        if form is not None and error.field:
            _say_at_field(form, error)
            return _render(request, row, form, frame)
        messages.error(request, error.message)
    return _after(request, row)


def _after(request: HttpRequest, row: Wizard) -> HttpResponse:
    if row.is_active:
        return HttpResponseRedirect(address(row))
    if row.status == Wizard.Status.COMPLETED and row.host:
        messages.success(request, f"{row.host.name} is set up; SiteFlow begins to watch it.")
    elif row.status == Wizard.Status.CANCELLED:
        messages.success(request, "The set-up is cancelled; nothing is kept of it.")
    return HttpResponseRedirect(_end_of(row))


def _end_of(row: Wizard) -> str:
    if row.status == Wizard.Status.COMPLETED and row.host:
        return reverse("admin:sites_host_change", args=[row.host.pk])
    return reverse("admin:sites_host_changelist")


MOVES: dict[str, Callable[..., Wizard]] = {
    "next": moves.go_on,
    "previous": moves.go_back,
    "test": moves.test,
    "approve": moves.test,  # once the fingerprint that was compared is saved
    "complete": moves.complete,
    "cancel": moves.cancel,
}


def _guard(request: HttpRequest) -> moves.Guard:
    text = request.POST.get("version", "")
    version = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    return moves.Guard(version=version)


def _say_at_field(form: Forms, error: EngineError | VerbError) -> None:
    name = error.field if error.field in form.fields else None
    form.add_error(name, error.message.removeprefix(f"{error.field}: "))


def _allowed(request: HttpRequest) -> None:
    if not may(request.user, "sites.manage_host"):
        raise PermissionDenied


def _render(
    request: HttpRequest, row: Wizard, form: Forms, frame: dict[str, Any]
) -> TemplateResponse:
    shown = wizard_out(row)
    results = {step["name"]: step["result"] or {} for step in shown["steps"]}
    result = results[row.step]
    host: Host | None = row.host
    context = {
        **frame,
        "title": f"Add {host.name if host else 'a host'}",
        "wizard": row,
        "shown": shown,
        "form": form,
        "row": host,
        "result": result,
        "running": result.get("status") in ("waiting", "running"),
        "docker": results["docker_test"],
        "first": row.step == shown["steps"][0]["name"],
    }
    status = 422 if form is not None and form.errors else 200
    return TemplateResponse(request, "console/wizard.html", context, status=status)
