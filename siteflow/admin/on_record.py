"""What stock forms change of accounts and groups: on record, and somebody still manages them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from audit.record import Actor, record
from siteflow.people.guards import LastManager, keep_a_manager
from sites.admin.reading import ChoosingKeys

if TYPE_CHECKING:  # generic to the type checker only
    _ManyChoices = forms.ModelMultipleChoiceField[Any]
else:
    _ManyChoices = forms.ModelMultipleChoiceField


class OnRecord(ChoosingKeys):
    """Puts what Django's own history keeps of an account on SiteFlow's record as well."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Django looks for the row first, and so tells everybody whether there is one."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        on_record(request, obj, "add", after={"changed": message})
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        on_record(request, obj, "change", after={"changed": message} if message else None)
        found = super().log_change(request, obj, message)
        keep_a_manager()
        return found

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            on_record(request, obj, "delete")
        return super().log_deletions(request, queryset)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        keep_a_manager()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        keep_a_manager()

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, *args: Any, **given: Any
    ) -> Any:
        view = partial(super().changeform_view, request, object_id, *args, **given)
        return self._guarded(request, object_id, "change", view)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        view = partial(super().delete_view, request, object_id, extra_context)
        return self._guarded(request, object_id, "delete", view)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        view = partial(super().changelist_view, request, extra_context)
        return self._guarded(request, None, "delete", view)

    def _guarded(
        self, request: HttpRequest, key: Any, verb: str, view: Callable[[], HttpResponse]
    ) -> HttpResponse:
        """All or nothing: what a refused change had put on record goes with it."""
        if request.method != "POST":
            return view()
        try:
            with transaction.atomic():
                return view()
        except LastManager as error:
            obj = self.get_object(request, key) if key else self.model()
            on_record(request, obj, verb, error=error)
            messages.error(request, error.message)
            return HttpResponseRedirect(request.path)


def on_record(
    request: HttpRequest, obj: Any, verb: str, *, after: Any = None, error: Any = None
) -> None:
    """``obj`` without a key stands for several."""
    kind = obj._meta.model_name
    record(
        phase="event",
        action=f"{kind}.{verb}",
        status="refused" if error else "succeeded",
        actor=Actor.of_request(request, "console"),
        target_type=kind,
        target_id=obj.pk or "",
        target_name=str(obj) if obj.pk else "",
        after=after,
        error=error.message if error else "",
        error_code=error.code if error else "",
    )


class Ticks(_ManyChoices):
    """Many values as boxes to tick; a permission is told by what it allows."""

    def label_from_instance(self, obj: Any) -> str:
        if isinstance(obj, Permission):
            return f"{obj.content_type.app_label}: {obj.name}"
        return str(obj)


def ticks(rows: QuerySet[Any], help_text: str = "") -> Ticks:
    return Ticks(
        queryset=rows,
        required=False,
        help_text=help_text,
        widget=forms.CheckboxSelectMultiple,
    )


# The stock form beneath our own page: one button, as deleting has its own place there.
PLAIN_FORM: Final = {
    "show_save_and_add_another": False,
    "show_save_and_continue": False,
    "show_delete_link": False,
}
