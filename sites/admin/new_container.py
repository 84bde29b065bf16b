"""A new container in the console: fill in, look at the plan, make it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from audit.record import Actor
from provisioning import engine
from provisioning.acting import accepted, wants_json
from provisioning.drivers.errors import DriverError
from provisioning.engine import EngineError
from provisioning.new_container.judging import judge
from provisioning.operations.contract import VerbError
from provisioning.previews import as_asked, preview_container
from sites.admin.new_container_form import NewContainerForm
from sites.models import Host
from sites.rights import may_somewhere

PERMISSION = "sites.manage_site"


def new_container_page(request: HttpRequest, frame: dict[str, Any]) -> HttpResponse:
    if not may_somewhere(request.user, PERMISSION):
        raise PermissionDenied
    hosts = Host.objects.open_to(request.user, PERMISSION).order_by("name")
    hosts = hosts.select_related("credential", "via").exclude(state=Host.State.SETUP_PENDING)
    chosen = request.GET.get("host", "")
    initial = {"host": int(chosen)} if chosen.isdecimal() and len(chosen) <= 18 else {}
    data = request.POST if request.method == "POST" else None
    form = NewContainerForm(hosts, data, initial=initial)
    shown = {**frame, "title": "New container", "form": form, "hosts": len(hosts)}
    if request.method != "POST":
        return TemplateResponse(request, "console/new_container.html", shown)
    return _sent(request, form, shown)


def _sent(request: HttpRequest, form: NewContainerForm, shown: dict[str, Any]) -> HttpResponse:
    what = request.POST.get("do", "plan")
    if form.is_valid():
        try:
            if what == "check":
                judge(form.cleaned_data["host"], as_asked(form.told()))
            else:
                plan = _plan(request, form)
                seen = request.POST.get("plan_digest") == plan.digest
                if what == "create" and seen and not plan.blocking:
                    return _created(request, form)
                shown |= {"plan": plan, "moved": what == "create" and not seen}
        except (EngineError, VerbError) as error:
            form.put(error)
        except DriverError as error:
            shown["no_plan"] = error
    if wants_json(request):
        return JsonResponse({"errors": {name: found[0] for name, found in form.errors.items()}})
    return TemplateResponse(request, "console/new_container.html", shown)


def _plan(request: HttpRequest, form: NewContainerForm) -> Any:
    actor = Actor.of_request(request, "console")
    return preview_container(form.cleaned_data["host"], form.told(), actor=actor)


def _created(request: HttpRequest, form: NewContainerForm) -> HttpResponse:
    host: Host = form.cleaned_data["host"]
    operation = engine.start(
        "container.create",
        host,
        actor=Actor.of_request(request, "console"),
        params=form.told(),
    )
    back = reverse("admin:sites_host_change", args=[host.pk])
    return accepted(request, operation, back=f"{back}?tab=containers")
