"""Operations in the console: the list, the page of one, cancel and retry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from audit.read_only import ReadOnly
from audit.record import Actor
from provisioning import engine
from provisioning.acting import accepted, error_json, wants_json
from provisioning.admin_filters import ActorFilter, BatchFilter, KindFilter, StatusFilter
from provisioning.engine import EngineError
from provisioning.models import Operation
from provisioning.operations import VERBS
from provisioning.schemas import operation_detail
from sites.rights import may_on, may_somewhere

MAX_LINES = 1000
_PAGES = {
    "container": "admin:sites_container_change",
    "domain": "admin:sites_domain_change",
    "host": "admin:sites_host_change",
    "site": "admin:sites_site_change",
}
_ENDS = (".remove", ".deprovision", ".discard")  # verbs after which their target is gone


@admin.register(Operation)
class OperationAdmin(ReadOnly):
    list_display = ("operation", "status", "target", "who", "started", "duration")
    list_filter = (StatusFilter, KindFilter, ActorFilter, BatchFilter)
    search_fields = ("target_name", "host_name", "actor_name", "kind")
    sortable_by = ()
    change_list_template = "admin/provisioning/operation/change_list.html"

    @admin.display(description="operation")
    def operation(self, row: Operation) -> str:
        return ""

    @admin.display(description="who")
    def who(self, row: Operation) -> str:
        return ""

    @admin.display(description="target")
    def target(self, row: Operation) -> str:
        return ""

    @admin.display(description="asked for")
    def started(self, row: Operation) -> str:
        return ""

    @admin.display(description="took")
    def duration(self, row: Operation) -> str:
        return ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Operation]:
        return Operation.objects.visible_to(request.user).defer("journal", "result")

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """What is under way first, then the newest."""
        active = Case(When(status__in=Operation.ACTIVE, then=Value(0)), default=Value(1))
        return [active, "-id"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_somewhere(request.user, "provisioning.view_operation")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path(f"<int:key>/{name}/", wrap(_changing(call)), name=f"provisioning_operation_{name}")
            for name, call in (("cancel", engine.cancel), ("retry", engine.retry))
        ]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"title": "Operations", **(extra_context or {})})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = _found(request, object_id)
        last = list(row.output.order_by("-number")[:MAX_LINES])
        may_act = may_on(request.user, "provisioning.cancel_operation", row)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": row.label,
            "row": row,
            "item": operation_detail(row),
            "lines": last[::-1],
            "target_url": target_url(row),
            "may_cancel": may_act and row.is_active and row.cancel_requested_at is None,
            "may_act": may_act,
            "repeatable": _repeatable(row),
            "may_retry": may_act and _repeatable(row) and not row.is_active,
        }
        return TemplateResponse(request, "console/operation.html", context)


def target_url(row: Operation) -> str:
    """The page of what was acted on; a name without a page when it is gone with its row."""
    page = _PAGES.get(row.target_type)
    gone = row.kind.endswith(_ENDS) and row.status == Operation.Status.SUCCEEDED
    return reverse(page, args=[row.target_id]) if page and row.target_id and not gone else ""


def _repeatable(row: Operation) -> bool:
    """By a click; what asks for a typed name is asked for on the page of its target."""
    verb = VERBS.get(row.kind)
    return verb is not None and not verb.inline and not verb.confirm and bool(target_url(row))


def _found(request: HttpRequest, key: Any) -> Operation:
    rows = Operation.objects.visible_to(request.user).prefetch_related("steps")
    row = rows.filter(pk=key).first() if str(key).isdecimal() and len(str(key)) <= 18 else None
    if row is None:
        raise Http404
    return row


def _changing(call: Callable[..., Operation]) -> Callable[..., HttpResponse]:
    """A view that only a POST makes do something."""

    def view(request: HttpRequest, key: int) -> HttpResponse:
        row = _found(request, key)
        page = reverse("admin:provisioning_operation_change", args=[row.pk])
        if request.method != "POST":
            return HttpResponseRedirect(page)
        try:
            changed = call(row, actor=Actor.of_request(request, "console"))
        except EngineError as error:
            if wants_json(request):
                return error_json(error)
            messages.error(request, error.message)
            return HttpResponseRedirect(page)
        return accepted(request, changed, back=page)

    return view
