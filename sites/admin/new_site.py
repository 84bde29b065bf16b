"""A new site in the console: choose a template, fill in, look at the plan, provision."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from audit.record import Actor
from provisioning.acting import accepted, wants_json
from provisioning.drivers.errors import DriverError
from provisioning.engine import EngineError
from provisioning.new_site import provision_new
from provisioning.operations.contract import VerbError
from provisioning.previews import checked, preview_new, problems_of_new
from provisioning.site_templates import library
from sites.admin.new_site_form import NewSiteForm
from sites.models import Host
from sites.rights import may_somewhere

PERMISSION = "sites.manage_site"
_SLUG = re.compile(r"[a-z][a-z0-9-]{0,59}")
_FIELDS = {"domain_taken": "domain", "proxy_missing": "domain"}  # by a problem's code


def new_site_page(request: HttpRequest, frame: dict[str, Any]) -> HttpResponse:
    """Without a template the gallery; with one the form, and what was sent of it."""
    if not may_somewhere(request.user, PERMISSION):
        raise PermissionDenied
    slug = request.POST.get("template") or request.GET.get("template", "")
    if not slug:
        shown = {**frame, "title": "New site", "templates": library.all_templates()}
        return TemplateResponse(request, "console/gallery.html", shown)
    template = library.find(slug) if _SLUG.fullmatch(slug) else None
    if template is None:
        raise Http404
    hosts = Host.objects.open_to(request.user, PERMISSION).order_by("name")
    hosts = hosts.select_related("credential", "via").exclude(state=Host.State.SETUP_PENDING)
    form = NewSiteForm(template, hosts, request.POST if request.method == "POST" else None)
    shown = {
        **frame,
        "title": f"New {template.manifest.name.lower()}",
        "template": template,
        "form": form,
        "hosts": len(hosts),
    }
    if request.method != "POST":
        return TemplateResponse(request, "console/new_site.html", shown)
    return _sent(request, form, shown)


def _sent(request: HttpRequest, form: NewSiteForm, shown: dict[str, Any]) -> HttpResponse:
    actor = Actor.of_request(request, "console")
    what = request.POST.get("do", "plan")
    if form.is_valid():
        try:
            if what == "provision":
                return _provisioned(request, form, actor)
            for problem in problems_of_new(form.cleaned_data["host"], form.told(), actor=actor):
                if problem.blocking:
                    form.add_error(_FIELDS.get(problem.code, "name"), problem.message)
            if what != "check" and form.is_valid():
                shown["plan"] = _plan(form, actor)
        except (EngineError, VerbError) as error:
            form.put(error)
        except DriverError as error:
            shown["no_plan"] = error
    if wants_json(request):
        return JsonResponse({"errors": {name: found[0] for name, found in form.errors.items()}})
    return TemplateResponse(request, "console/new_site.html", shown)


def _plan(form: NewSiteForm, actor: Actor) -> Any:
    given = form.cleaned_data
    return preview_new(
        given["host"], form.told(), actor=actor, reuse_volumes=given["reuse_volumes"]
    )


def _provisioned(request: HttpRequest, form: NewSiteForm, actor: Actor) -> HttpResponse:
    given = form.cleaned_data
    site, operation = provision_new(
        given["host"],
        checked(form.told()),
        actor=actor,
        plan_digest=request.POST.get("plan_digest") or None,
        reuse_volumes=given["reuse_volumes"],
    )
    return accepted(request, operation, back=reverse("admin:sites_site_change", args=[site.pk]))
