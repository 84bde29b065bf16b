"""The same verb on many containers: first the plan, then one call to the engine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from audit.record import Actor
from provisioning.asking import ask_many
from provisioning.engine import EngineError
from provisioning.operations.contract import Verb
from provisioning.param_forms import given_params, params_form
from sites.models import Container
from sites.rights import may_on, may_somewhere

MAX_TARGETS = 500


def plan(
    request: HttpRequest,
    verb: Verb,
    rows: Iterable[Container],
    *,
    context: dict[str, Any],
    error: Any = None,
) -> TemplateResponse:
    """What would be done to which containers. ``rows`` have ``live_state`` and their host."""
    if not may_somewhere(request.user, verb.permission):
        raise PermissionDenied
    chosen = list(rows)
    allowed = [row for row in chosen if may_on(request.user, verb.permission, row)]
    fit = [row for row in allowed if not verb.when or row.live_state in verb.when]  # type: ignore[attr-defined]
    shown = {
        **context,
        "title": f"{verb.label} {len(fit)} container{'' if len(fit) == 1 else 's'}",
        "verb": verb,
        "fit": fit,
        "unfit": [row for row in chosen if row not in fit],
        "form": params_form(verb),
        "error": error,
    }
    status = error.status if error else 200
    return TemplateResponse(request, "console/bulk.html", shown, status=status)


def carry_out(
    request: HttpRequest,
    verb: Verb,
    rows: Iterable[Container],
    *,
    context: dict[str, Any],
) -> HttpResponse:
    """One call for all; the answer leads to the list of what was started."""
    chosen = list(rows)
    count = request.POST.get("confirm_count", "")
    try:
        batch, accepted, refused = ask_many(
            verb.kind,
            target_ids=[row.pk for row in chosen],
            user=request.user,
            actor=Actor.of_request(request, "console"),
            params=given_params(verb.params, request.POST, complete=True),
            confirm_count=int(count) if count.isdecimal() and len(count) <= 9 else None,
        )
    except EngineError as error:
        return plan(request, verb, chosen, context=context, error=error)
    for refusal in refused:
        messages.warning(request, refusal["message"])
    where = reverse("admin:provisioning_operation_changelist")
    if not accepted:
        return HttpResponseRedirect(context["back"])
    return HttpResponseRedirect(f"{where}?batch={batch}")
