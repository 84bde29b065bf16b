"""The gallery of site templates, the page of one, and the forms to make and change one's own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from provisioning.acting import act
from provisioning.models import Operation
from provisioning.operations import VERBS
from provisioning.site_templates.answers import template_detail, template_out, versions_of
from provisioning.site_templates.library import all_templates, find
from provisioning.site_templates.models import SiteTemplate
from sites.admin.reading import ReadingAdmin
from sites.admin.starting import started
from sites.admin.template_forms import TemplateForm, initial_of
from sites.models import Site
from sites.rights import may, may_somewhere

MANAGE = "provisioning.manage_sitetemplate"
_BLANK = """\
services:
  web:
    image: nginx:1.28
    networks: [default, siteflow_proxy]
    restart: unless-stopped
    mem_limit: 128m
    logging:
      driver: json-file
      options: {max-size: "10m", max-file: "3"}

networks:
  default: {}
  siteflow_proxy: {external: true}
"""


@admin.register(SiteTemplate)
class SiteTemplateAdmin(ReadingAdmin):
    view_permission = "sites.view_site"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        root = "provisioning_sitetemplate"
        return [
            path("", wrap(self.gallery_view), name=f"{root}_changelist"),
            path("add/", wrap(self.new_view), name=f"{root}_add"),
            path("<slug:slug>/", wrap(self.one_view), name=f"{root}_change"),
            path("<slug:slug>/edit/", wrap(self.edit_view), name=f"{root}_edit"),
            path("<slug:slug>/delete/", wrap(self.delete_own_view), name=f"{root}_delete"),
        ]

    def gallery_view(self, request: HttpRequest) -> TemplateResponse:
        self._may_see(request)
        shown = [template_out(each) for each in all_templates()]
        return self.page(
            request,
            "console/templates.html",
            title="Templates",
            shipped=[each for each in shown if each["origin"] == "shipped"],
            own=[each for each in shown if each["origin"] == "own"],
            may_manage=may(request.user, MANAGE),
        )

    def one_view(self, request: HttpRequest, slug: str) -> TemplateResponse:
        if not self.has_view_permission(request):
            raise Http404  # as any other thing that one may not see
        template = find(slug, _version(request))
        if template is None:
            raise Http404
        item = template_detail(template, versions_of(template))
        running = Site.objects.visible_to(request.user).filter(template=slug)
        return self.page(
            request,
            "console/template.html",
            title=item["name"],
            item=item,
            params=_params(item),
            sites=running.order_by("name", "pk")[:100],
            may_manage=may(request.user, MANAGE),
            may_make_site=may_somewhere(request.user, "sites.manage_site"),
            may_roll=may_somewhere(request.user, "sites.manage_site"),
            newest=template.version == item["versions"][0]["number"],
        )

    def new_view(self, request: HttpRequest) -> HttpResponse:
        _allowed(request)
        origin = find(request.GET.get("from", ""))
        initial = initial_of(origin, copy=True) if origin else {"compose": _BLANK}
        form = TemplateForm(request.POST or None, initial=initial)
        if request.method == "POST" and form.is_valid():
            params = {**form.values(), "name": form.cleaned_data["slug"]}
            if row := started(request, form, "template.create", None, params, fields=_FIELDS):
                return _saved(request, row)
        return self._form(request, form, title="New template", item=None)

    def edit_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        _allowed(request)
        row, template = _own(slug), find(slug)
        if template is None:
            raise Http404
        data = {**request.POST.dict(), "slug": slug} if request.method == "POST" else None
        form = TemplateForm(data, initial=initial_of(template, copy=False))
        if data is not None and form.is_valid():
            base = form.cleaned_data["base_version"] or template.version
            params = {**form.values(), "base_version": base}
            if done := started(request, form, "template.edit", row, params, fields=_FIELDS):
                return _saved(request, done)
        return self._form(request, form, title=f"Edit {template.manifest.name}", item=row)

    def delete_own_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        _allowed(request)
        row = _own(slug)
        sites = Site.objects.filter(template=slug).count()
        keeps = f"{sites} site(s) run on with what they have." if sites else ""
        root = reverse("admin:provisioning_sitetemplate_changelist")
        loses = [f"The template with its {row.versions.count()} version(s): "
                 "no new site can be made from it"]  # fmt: skip
        frame = self.frame(
            request, back=root, cancel=_address(slug), loses=loses, keeps=keeps, root=root
        )
        return act(request, VERBS["template.delete"], row, context=frame)

    def _form(self, request: HttpRequest, form: TemplateForm, **values: Any) -> TemplateResponse:
        response = self.page(request, "console/template_form.html", form=form, **values)
        response.status_code = 422 if form.errors else 200
        return response

    def _may_see(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _allowed(request: HttpRequest) -> None:
    if not may(request.user, MANAGE):
        raise PermissionDenied


def _own(slug: str) -> SiteTemplate:
    row = SiteTemplate.objects.filter(slug=slug, retired_at=None).first()
    if row is None:
        raise Http404
    return row


def _version(request: HttpRequest) -> int | None:
    text = request.GET.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def _params(item: dict[str, Any]) -> list[dict[str, Any]]:
    schema = item["params"]
    return [
        {"name": name, "required": name in schema["required"], **one}
        for name, one in schema["properties"].items()
    ]


def _address(slug: str) -> str:
    return reverse("admin:provisioning_sitetemplate_change", args=[slug])


def _saved(request: HttpRequest, row: Operation) -> HttpResponseRedirect:
    messages.success(request, row.message)
    for note in row.result["warnings"]:
        messages.warning(request, note)
    return HttpResponseRedirect(_address(row.result["template"]))


_FIELDS = {"name": "slug", "files": "compose", "base_version": ""}  # of a refusal → of the form
