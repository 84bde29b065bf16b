"""What was told through channels, and what waits, failed or was given up."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from audit.record import Actor
from monitoring.notify import acts
from monitoring.notify.models import Channel, Delivery
from provisioning.engine import EngineError
from sites.admin.reading import ReadingAdmin, column, found_or_404

Choices = list[tuple[str, str]]
Rows = QuerySet[Delivery]


class _OneOf(admin.SimpleListFilter):
    choices_of: Any = ()
    column = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(one.value, one.label.lower()) for one in self.choices_of]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class StateFilter(_OneOf):
    title = column = parameter_name = "state"
    choices_of = Delivery.State


class KindFilter(_OneOf):
    title = column = parameter_name = "kind"
    choices_of = Delivery.Kind


class ChannelFilter(_OneOf):
    title = parameter_name = "channel"
    column = "channel__name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(name, name) for name in Channel.objects.values_list("name", flat=True)]

    def has_output(self) -> bool:
        return bool(self.lookup_choices)


@admin.register(Delivery)
class DeliveryAdmin(ReadingAdmin):
    view_permission = acts.NEEDED
    list_title = "Deliveries"
    list_display = ("what", "state", "through", "attempts", "noticed")
    list_filter = (StateFilter, ChannelFilter, KindFilter)
    search_fields = ("title", "channel__name")
    sortable_by = ()
    change_list_template = "admin/monitoring/delivery/change_list.html"

    what, state = column("what"), column("state")
    through, attempts, noticed = column("channel"), column("attempts"), column("noticed")

    def get_queryset(self, request: HttpRequest) -> Rows:
        rows = Delivery.objects.select_related("channel")
        return rows if self.has_view_permission(request) else rows.none()

    def get_urls(self) -> list[URLPattern]:
        again = self.admin_site.admin_view(self.again_view)
        name = "monitoring_delivery_try_again"
        return [path("<int:key>/try-again/", again, name=name), *super().get_urls()]

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        row = self._found(request, key)
        template = "admin/monitoring/delivery/delivery.html"
        return self.page(request, template, title=row.title, row=row)

    def again_view(self, request: HttpRequest, key: int) -> HttpResponse:
        row = self._found(request, key)
        if request.method == "POST":
            try:
                acts.try_again(row.pk, actor=Actor.of_request(request, "console"))
            except EngineError as error:
                messages.error(request, error.message)
        return HttpResponseRedirect(reverse("admin:monitoring_delivery_change", args=[row.pk]))

    def _found(self, request: HttpRequest, key: Any) -> Delivery:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return found_or_404(self.get_queryset(request), key)
