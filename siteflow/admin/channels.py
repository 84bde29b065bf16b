"""Channels of notifications in the console, under Settings."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from audit.record import Actor
from monitoring.notify import acts
from monitoring.notify.models import Channel, Delivery
from monitoring.notify.services import SERVICES, label_of
from monitoring.notify.shown import words_of
from provisioning.engine import EngineError
from siteflow.admin.channel_form import ChannelForm
from sites.admin.reading import ReadingAdmin, column, found_or_404

LATEST = 20
_GIVEN_UP = Count(
    "deliveries",
    filter=Q(deliveries__state=Delivery.State.GIVEN_UP) & ~Q(deliveries__kind=Delivery.Kind.TEST),
)


@admin.register(Channel)
class ChannelAdmin(ReadingAdmin):
    view_permission = acts.NEEDED
    list_title = "Channels"
    list_display = ("name", "service", "state", "about", "severity")
    sortable_by = ()
    search_fields = ("name",)
    change_list_template = "admin/monitoring/channel/change_list.html"

    service, state = column("service"), column("state")
    about, severity = column("tells of"), column("severity")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        rows = Channel.objects.select_related("host", "site__host", "tag").order_by("name")
        rows = rows.annotate(given_up=_GIVEN_UP)
        return rows if self.has_view_permission(request) else rows.none()

    def get_urls(self) -> list[URLPattern]:
        wrap, root = self.admin_site.admin_view, "monitoring_channel"
        own = [
            path("add/", wrap(self.new_view), name=f"{root}_add"),
            path("<int:key>/edit/", wrap(self.edit_view), name=f"{root}_edit"),
            path("<int:key>/remove/", wrap(self.remove_view), name=f"{root}_remove"),
            path("<int:key>/test/", wrap(self.test_view), name=f"{root}_test"),
        ]
        return own + super().get_urls()

    def told(self, request: HttpRequest, rows: list[Any]) -> dict[str, Any]:
        for row in rows:
            _say(row)
        return {}

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        row = self._found(request, key)
        return self.page(
            request,
            "admin/monitoring/channel/channel.html",
            title=row.name,
            row=row,
            waits=row.deliveries.filter(state__in=Delivery.ACTIVE).exists(),
            deliveries=row.deliveries.select_related("channel")[:LATEST],
        )

    def new_view(self, request: HttpRequest) -> HttpResponse:
        self._may_see(request)
        form = ChannelForm(request.POST if request.method == "POST" else None)
        return self._formed(request, form, "New channel")

    def edit_view(self, request: HttpRequest, key: int) -> HttpResponse:
        row = self._found(request, key)
        form = ChannelForm(request.POST if request.method == "POST" else None, row=row)
        return self._formed(request, form, f"Edit {row.name}")

    def remove_view(self, request: HttpRequest, key: int) -> HttpResponse:
        row = self._found(request, key)
        if request.method == "POST":
            acts.remove(row.pk, actor=Actor.of_request(request, "console"))
            messages.success(request, f"{row.name} was removed.")
            return HttpResponseRedirect(reverse("admin:monitoring_channel_changelist"))
        waiting = row.deliveries.filter(state__in=Delivery.ACTIVE).count()
        return self.page(
            request,
            "admin/monitoring/channel/remove.html",
            title=f"Remove {row.name}?",
            row=row,
            waiting=waiting,
        )

    def test_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """A POST sends one and leads to what becomes of it."""
        row = self._found(request, key)
        page = reverse("admin:monitoring_channel_change", args=[row.pk])
        if request.method == "POST":
            try:
                sent = acts.test(row.pk, actor=Actor.of_request(request, "console"))
                page = reverse("admin:monitoring_delivery_change", args=[sent.pk])
            except EngineError as error:
                messages.error(request, error.message)
        return HttpResponseRedirect(page)

    def _formed(self, request: HttpRequest, form: ChannelForm, title: str) -> HttpResponse:
        if form.is_valid() and (row := _saved(request, form)):
            messages.success(request, f"{row.name} was saved. Test it to see that it is heard.")
            return HttpResponseRedirect(reverse("admin:monitoring_channel_change", args=[row.pk]))
        template = "admin/monitoring/channel/form.html"
        response = self.page(
            request, template, title=title, form=form, row=form.row, services=SERVICES
        )
        response.status_code = 422 if form.errors else 200
        return response

    def _found(self, request: HttpRequest, key: Any) -> Channel:
        self._may_see(request)
        return _say(found_or_404(self.get_queryset(request), key))

    def _may_see(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _saved(request: HttpRequest, form: ChannelForm) -> Channel | None:
    actor = Actor.of_request(request, "console")
    try:
        if form.row is None:
            return acts.create(form.wanted(), actor=actor)
        return acts.change(form.row.pk, form.wanted(), actor=actor)
    except EngineError as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return None


def _say(row: Channel) -> Channel:
    """What the templates show of it."""
    shown: Any = row
    shown.label, shown.about = label_of(row.kind), words_of(row)
    return row
