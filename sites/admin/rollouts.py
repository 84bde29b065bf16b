"""Rolling a template's version out to many sites: the plan, how far it is, stopping, going on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from audit.record import Actor
from provisioning.engine import EngineError
from provisioning.engine.errors import BadParams
from provisioning.models import Rollout
from provisioning.operations.contract import VerbError
from provisioning.rollouts import acts
from provisioning.rollouts.planning import Plan, plan, rolling
from provisioning.rollouts.shown import rollout_out
from provisioning.site_templates.library import find
from sites.admin.reading import ReadingAdmin, column, found_or_404
from sites.answers import NotFound
from sites.models import Site
from sites.rights import may_on, may_somewhere

MANAGE = "sites.manage_site"


@admin.register(Rollout)
class RolloutAdmin(ReadingAdmin):
    view_permission = "sites.view_site"
    list_title = "Rollouts"
    list_display = ("what", "status", "so_far", "begun_by", "created_at")
    sortable_by = ()
    change_list_template = "admin/provisioning/rollout/change_list.html"

    what = column("what")
    so_far = column("sites so far")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rollout]:
        return Rollout.objects.visible_to(request.user)

    def get_urls(self) -> list[URLPattern]:
        wrap, root = self.admin_site.admin_view, "provisioning_rollout"
        own = [path("add/", wrap(self.new_view), name=f"{root}_add")]
        own += [
            path(f"<int:key>/{name}/", wrap(_changing(call)), name=f"{root}_{name}")
            for name, call in (("stop", acts.stop), ("resume", acts.resume))
        ]
        return own + super().get_urls()

    def told(self, request: HttpRequest, rows: list[Rollout]) -> dict[str, Any]:
        for row in rows:
            row.counts = rollout_out(row)["sites"]  # type: ignore[attr-defined]
        return {}

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        row = found_or_404(Rollout.objects.visible_to(request.user), key)
        return self.page(
            request,
            "admin/provisioning/rollout/rollout.html",
            title=str(row),
            row=row,
            counts=rollout_out(row)["sites"],
            may_act=all(may_on(request.user, MANAGE, one.site) for one in row.seen),
        )

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """The plan for all sites; sent with ticks, for those, or begun with those."""
        if not may_somewhere(request.user, MANAGE):
            raise PermissionDenied
        template = find(request.GET.get("template", ""))
        if template is None:
            raise Http404
        told: dict[str, Any] = {"template": template.id, "version": template.version}
        made = every = _planned(request, told)
        told["wave_size"] = request.POST.get("wave_size", 5)
        error: EngineError | VerbError | None = None
        try:
            if request.method == "POST":
                told["sites"] = _ticked(request)
                if request.POST.get("do") == "begin":
                    return _begun(request, told)
                made = _planned(request, told)
        except NotFound:
            raise Http404 from None
        except (EngineError, VerbError) as refused:
            error = refused
        response = self.page(
            request,
            "admin/provisioning/rollout/new.html",
            title=f"Roll out {template.manifest.name}",
            origin=template,
            lines=[*every.sites, *every.left_out],
            waves={line.site.pk: line.wave for line in made.sites},
            first=made.sites[0].site.pk if made.sites else 0,
            wave_size=told["wave_size"],
            error=error,
        )
        response.status_code = error.status if error else 200
        return response


def _planned(request: HttpRequest, told: dict[str, Any]) -> Plan:
    actor = Actor.of_request(request, "console")
    return plan(rolling(**told), actor=actor, among=Site.objects.visible_to(request.user))


def _ticked(request: HttpRequest) -> list[str]:
    """Keys of sites, that of the one to go first before the others."""
    keys, first = request.POST.getlist("site"), request.POST.get("first")
    if not keys:
        raise BadParams("Tick at least one site.", field="sites")
    return sorted(keys, key=lambda key: key != first)


def _begun(request: HttpRequest, sent: dict[str, Any]) -> HttpResponse:
    actor = Actor.of_request(request, "console")
    row = acts.begin(rolling(**sent), actor=actor, among=Site.objects.visible_to(request.user))
    return HttpResponseRedirect(reverse("admin:provisioning_rollout_change", args=[row.pk]))


def _changing(call: Callable[..., Rollout]) -> Callable[..., HttpResponse]:
    """A view that only a POST makes do something."""

    def view(request: HttpRequest, key: int) -> HttpResponse:
        row = found_or_404(Rollout.objects.visible_to(request.user), key)
        if request.method == "POST":
            try:
                call(row, actor=Actor.of_request(request, "console"))
            except EngineError as error:
                messages.error(request, error.message)
        return HttpResponseRedirect(reverse("admin:provisioning_rollout_change", args=[row.pk]))

    return view
