"""Adding and changing a host: a form, and one call to the engine."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from sites.admin.host_form import HostForm
from sites.admin.starting import started
from sites.models import Host
from sites.rights import may_on


def add_page(request: HttpRequest, frame: dict[str, Any]) -> HttpResponse:
    _allowed(request, None)
    form = HostForm(request.POST or None, visitor=request.user)
    if (
        request.method == "POST"
        and form.is_valid()
        and (row := started(request, form, "host.add", None, form.values()))
    ):
        messages.success(request, f"{form.cleaned_data['name']} is added. Test it next.")
        return HttpResponseRedirect(_page(row.result["host"]))
    return _form(request, form, {**frame, "title": "Add a host", "row": None})


def change_page(request: HttpRequest, row: Host, frame: dict[str, Any]) -> HttpResponse:
    _allowed(request, row)
    # The form writes what was typed into its own instance; the engine gets the untouched row.
    form = HostForm(
        request.POST or None, instance=Host.objects.get(pk=row.pk), visitor=request.user
    )
    if (
        request.method == "POST"
        and form.is_valid()
        and (started(request, form, "host.change", row, form.values()))
    ):
        messages.success(request, f"{form.cleaned_data['name']} is saved.")
        return HttpResponseRedirect(_page(row.pk))
    return _form(request, form, {**frame, "title": f"Edit {row.name}", "row": row})


def _allowed(request: HttpRequest, row: Host | None) -> None:
    if not may_on(request.user, "sites.manage_host", row):
        raise PermissionDenied


def _page(key: int) -> str:
    return reverse("admin:sites_host_change", args=[key])


def _form(request: HttpRequest, form: HostForm, context: dict[str, Any]) -> TemplateResponse:
    status = 422 if form.errors else 200
    context = {**context, "form": form}
    return TemplateResponse(request, "console/host_form.html", context, status=status)
