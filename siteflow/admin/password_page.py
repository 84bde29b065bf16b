"""A new password for somebody else: generated, shown once, changed at the next login."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.debug import sensitive_variables

from audit.actor import Actor
from siteflow.admin.on_record import on_record
from siteflow.people import acts
from siteflow.people.guards import AccountError


@sensitive_variables("text")
def password_page(request: HttpRequest, user: Any, frame: dict[str, Any]) -> HttpResponse:
    """The only page that ever shows it: the answer to the form itself."""
    context = {**frame, "row": user, "title": "New password", "own": user.pk == request.user.pk}
    if request.method != "POST":
        return TemplateResponse(request, "people/password.html", context)
    try:
        text = acts.new_password(user, actor=Actor.of_request(request, "console"))
    except AccountError as error:
        on_record(request, user, "new_password", error=error)
        context |= {"error": error}
        return TemplateResponse(request, "people/password.html", context, status=error.status)
    return shown(request, user, text, context)


def shown(request: HttpRequest, user: Any, text: str, context: dict[str, Any]) -> HttpResponse:
    context = {**context, "row": user, "text": text}
    return TemplateResponse(request, "people/password.html", context)
