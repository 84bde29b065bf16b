"""From a form to the engine: the operation, or why it was refused at the field that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Model
from django.http import HttpRequest

from audit.record import Actor
from provisioning import engine
from provisioning.engine import EngineError
from provisioning.models import Operation
from provisioning.operations.contract import VerbError


def started(
    request: HttpRequest,
    form: forms.BaseForm,
    kind: str,
    target: Model | None,
    params: dict[str, Any],
    *,
    fields: Mapping[str, str] | None = None,
) -> Operation | None:
    """None with the reason in the form. ``fields``: of a refusal → of the form, if they differ."""
    try:
        return engine.start(kind, target, actor=Actor.of_request(request, "console"), params=params)
    except (EngineError, VerbError) as error:
        field = (fields or {}).get(error.field, error.field.partition(".")[0])
        form.add_error(field if field in form.fields else None, error.message)
        return None
