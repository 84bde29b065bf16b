"""A new site in the console: choose a template, fill in, look at the plan, provision."""

from __future__ import annotations

import re
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from audit.record import Actor
from provisioning.acting import accepted
from provisioning.new_site import provision_new
from provisioning.previews import checked, preview_new, problems_of_new
from provisioning.site_templates import library
from sites.admin.new_site_form import NewSiteForm
from sites.admin.planned_forms import answered, hosts_for_new

_PAGE: Final = "console/new_site.html"
_SLUG = re.compile(r"[a-z][a-z0-9-]{0,59}")
_FIELDS = {"domain_taken": "domain", "proxy_missing": "domain"}  # by a problem's code


def new_site_page(request: HttpRequest, frame: dict[str, Any]) -> HttpResponse:
    """Without a template the gallery; with one the form, and what was sent of it."""
    hosts = hosts_for_new(request)
    slug = request.POST.get("template") or request.GET.get("template", "")
    if not slug:
        shown = {**frame, "title": "New site", "templates": library.all_templates()}
        return TemplateResponse(request, "console/gallery.html", shown)
    template = library.find(slug) if _SLUG.fullmatch(slug) else None
    if template is None:
        raise Http404
    form = NewSiteForm(template, hosts, request.POST if request.method == "POST" else None)
    shown = {
        **frame,
        "title": f"New {template.manifest.name.lower()}",
        "template": template,
        "form": form,
        "hosts": len(hosts),
    }
    if request.method != "POST":
        return TemplateResponse(request, _PAGE, shown)
    return answered(request, form, _PAGE, shown, lambda: _act(request, form, shown))


def _act(request: HttpRequest, form: NewSiteForm, shown: dict[str, Any]) -> HttpResponse | None:
    actor = Actor.of_request(request, "console")
    what = request.POST.get("do", "plan")
    if what == "provision":
        return _provisioned(request, form, actor)
    for problem in problems_of_new(form.cleaned_data["host"], form.told(), actor=actor):
        if problem.blocking:
            form.add_error(_FIELDS.get(problem.code, "name"), problem.message)
    if what != "check" and form.is_valid():
        shown["plan"] = _plan(form, actor)
    return None


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
