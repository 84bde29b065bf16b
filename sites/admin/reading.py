"""What the pages of our own things share: Django's lists and rights, our own detail pages."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any, TypeVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from audit.models import Entry
from audit.read_only import ReadOnly
from audit.searching import Searched
from provisioning.models import Operation
from provisioning.operations import VERBS
from provisioning.operations.contract import Verb
from sites.models import Host, Site
from sites.rights import may_somewhere

Row = TypeVar("Row", bound=Model)

LATEST = 50


class ChoosingKeys(Searched):
    """A list with actions. Django looks for whatever is said to be ticked, and fails at text."""

    def response_action(self, request: HttpRequest, *args: Any, **given: Any) -> Any:
        if not all(map(_is_key, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            raise BadRequest("what is ticked has a number")
        return super().response_action(request, *args, **given)


class ReadingAdmin(ReadOnly, ChoosingKeys):
    """Read here, changed by verbs only: Django's own forms for adding and changing are closed."""

    view_permission = ""
    list_title = ""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_somewhere(request.user, self.view_permission)

    def frame(self, request: HttpRequest, **values: Any) -> dict[str, Any]:
        """What every page needs, and the page's own values."""
        return {**self.admin_site.each_context(request), "opts": self.opts, **values}

    def page(self, request: HttpRequest, template: str, **values: Any) -> TemplateResponse:
        return TemplateResponse(request, template, self.frame(request, **values))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {"title": self.list_title, **self.around(request), **(extra_context or {})}
        response = super().changelist_view(request, extra)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:  # else Django shows something else, such as what an action asks
            context |= self.told(request, list(context["cl"].result_list))
        return response

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self.new_page(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self.row_page(request, object_id)

    def new_page(self, request: HttpRequest) -> HttpResponse:
        """Django's own form, which is closed."""
        return super().add_view(request)

    def row_page(self, request: HttpRequest, key: str) -> HttpResponse:
        """The page of one, of which ``key`` is what stands in the address."""
        return super().change_view(request, key)

    def around(self, request: HttpRequest) -> dict[str, Any]:
        """What a list's page shows besides its rows."""
        return {}

    def told(self, request: HttpRequest, rows: list[Any]) -> dict[str, Any]:
        """Puts on the rows of a list what its page says of each; answers what it needs besides."""
        return {}


def column(head: str, ordering: Any = None) -> Callable[[Any, Any], str]:
    """A column that the list's own template draws: Django asks for its head and its order only."""

    @admin.display(description=head, ordering=ordering)
    def drawn(page: Any, row: Any) -> str:
        return ""

    return drawn


def verb_or_404(kind: str, target: type[Model], *, elsewhere: Container[str] = ()) -> Verb:
    """Of the verbs on such things; those ``elsewhere`` have a form of their own."""
    verb = VERBS.get(kind)
    if verb is None or verb.target is not target or kind in elsewhere:
        raise Http404
    return verb


def found_or_404(rows: QuerySet[Row], key: Any) -> Row:
    """Also for what the account may not see: as if it did not exist."""
    row = rows.filter(pk=key).first() if _is_key(str(key)) else None
    if row is None:
        raise Http404
    return row


def _is_key(text: str) -> bool:
    """Whether a database can look for it."""
    return text.isdecimal() and len(text) <= 18


def tag_names(row: Host | Site) -> str:
    return " ".join(tag.name for tag in row.tags.all())


def operations_of(request: HttpRequest, target_type: str, key: int) -> QuerySet[Operation]:
    rows = Operation.objects.visible_to(request.user).defer("journal")
    return rows.filter(target_type=target_type, target_id=key).order_by("-id")[:LATEST]


def entries_of(request: HttpRequest, target_type: str, key: int) -> QuerySet[Entry]:
    rows = Entry.objects.visible_to(request.user)
    return rows.filter(target_type=target_type, target_id=str(key)).order_by("-id")[:LATEST]


def under_way(request: HttpRequest, target_type: str, keys: list[int]) -> dict[int, Operation]:
    """The operation each of these targets is in, if any: one query for all."""
    active = Operation.objects.visible_to(request.user).active().defer("journal")
    found = active.filter(target_type=target_type, target_id__in=keys)
    return {row.target_id: row for row in found if row.target_id is not None}
