"""A new container in the console: fill in, look at the plan, make it."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from audit.record import Actor
from provisioning import engine
from provisioning.acting import accepted
from provisioning.new_container.judging import judge
from provisioning.previews import as_asked, preview_container
from sites.admin.new_container_form import NewContainerForm
from sites.admin.planned_forms import answered, hosts_for_new
from sites.models import Host

_PAGE: Final = "console/new_container.html"


def new_container_page(request: HttpRequest, frame: dict[str, Any]) -> HttpResponse:
    hosts = hosts_for_new(request)
    chosen = request.GET.get("host", "")
    initial = {"host": int(chosen)} if chosen.isdecimal() and len(chosen) <= 18 else {}
    data = request.POST if request.method == "POST" else None
    form = NewContainerForm(hosts, data, initial=initial)
    shown = {**frame, "title": "New container", "form": form, "hosts": len(hosts)}
    if request.method != "POST":
        return TemplateResponse(request, _PAGE, shown)
    return answered(request, form, _PAGE, shown, lambda: _act(request, form, shown))


def _act(
    request: HttpRequest, form: NewContainerForm, shown: dict[str, Any]
) -> HttpResponse | None:
    what = request.POST.get("do", "plan")
    if what == "check":
        judge(form.cleaned_data["host"], as_asked(form.told()))
        return None
    plan = _plan(request, form)
    seen = request.POST.get("plan_digest") == plan.digest
    if what == "create" and seen and not plan.blocking:
        return _created(request, form)
    shown |= {"plan": plan, "moved": what == "create" and not seen}
    return None


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
