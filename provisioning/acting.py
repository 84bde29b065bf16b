"""Buttons' other end: a page to confirm on (GET) and the one call to the engine (POST)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from audit.record import Actor
from provisioning import engine
from provisioning.engine import EngineError
from provisioning.models import Operation
from provisioning.operations.contract import Verb, VerbError
from provisioning.param_forms import given_params, params_form
from provisioning.schemas import operation_out
from sites.live import encode
from sites.rights import may_on


def act(
    request: HttpRequest, verb: Verb, target: Model, *, context: dict[str, Any]
) -> HttpResponse:
    """``context`` is the page's: the frame's values, ``back`` (an address) and ``loses`` (texts).

    A POST without the field ``asked`` comes from a button: it acts with the verb's defaults.
    """
    if request.method != "POST":
        if not may_on(request.user, verb.permission, target):
            raise PermissionDenied
        return _ask(request, verb, target, context)
    try:
        row = engine.start(
            verb.kind,
            target,
            actor=Actor.of_request(request, "console"),
            params=given_params(verb.params, request.POST, complete="asked" in request.POST),
            confirm_name=request.POST.get("confirm_name"),
        )
    except (EngineError, VerbError) as error:
        return _refused(request, verb, target, context, error)
    return accepted(request, row, back=context["back"])


def accepted(request: HttpRequest, row: Operation, *, back: str) -> HttpResponse:
    """To a script the operation, to a person the page where it can be watched."""
    where = reverse("admin:provisioning_operation_change", args=[row.pk])
    if wants_json(request):
        content = {**operation_out(row), "url": where, "back": back}
        return HttpResponse(encode(content), content_type="application/json", status=202)
    if not row.is_active:
        messages.success(request, row.message)
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(where)


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"


def error_json(error: Any) -> JsonResponse:
    """In the shape of the API's errors."""
    told = {
        "code": error.code,
        "message": error.message,
        "details": {name: str(value) for name, value in error.details.items()},
        "field": error.field or None,
    }
    return JsonResponse({"status": "error", "error": told}, status=error.status)


def _refused(
    request: HttpRequest, verb: Verb, target: Model, context: dict[str, Any], error: Any
) -> HttpResponse:
    if wants_json(request):
        return error_json(error)
    if error.status == 403:
        raise PermissionDenied(error.message)
    response = _ask(request, verb, target, {**context, "error": error})
    response.status_code = error.status
    return response


def _ask(
    request: HttpRequest, verb: Verb, target: Model, context: dict[str, Any]
) -> TemplateResponse:
    data = request.POST if "asked" in request.POST else None
    shown = {
        **context,
        "verb": verb,
        "target": target,
        "form": params_form(verb, data, initial=context.get("initial")),
        "title": f"{verb.label} {target}",
    }
    return TemplateResponse(request, "console/act.html", shown)
