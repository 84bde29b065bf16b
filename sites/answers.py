"""What the API's views share: JSON made once, rows found or missing, lists described."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django_filters import FilterSet, MultipleChoiceFilter

from sites.live import encode
from sites.rights import Viewer, may, may_somewhere

Row = TypeVar("Row", bound=Model)
MAX_KEY: Final = 2**63 - 1
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key again answers with the operation it started the first time.",
    "schema": {"type": "string", "maxLength": 100},
}


class NotFound(Exception):
    """There is no such thing, or none that this account may see: the same answer for both."""

    code, status = "not_found", 404

    def __init__(self, kind: str) -> None:
        self.message = f"There is no such {kind}."
        super().__init__(self.message)


class Forbidden(Exception):
    code, status = "forbidden", 403

    def __init__(self, permission: str) -> None:
        self.message = f"This needs the permission {permission}."
        super().__init__(self.message)


def json_answer(content: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """Our own values, already in the documented shape: not validated a second time."""
    return HttpResponse(encode(content), content_type="application/json", status=status)


def need(user: Viewer, permission: str) -> None:
    """Raises Forbidden for who holds the permission on nothing at all."""
    if not may_somewhere(user, permission):
        raise Forbidden(permission)


def need_everywhere(user: Viewer, permission: str) -> None:
    if not may(user, permission):
        raise Forbidden(permission)


def found(rows: QuerySet[Row], key: int) -> Row:
    """The row with this key. Raises NotFound."""
    row = rows.filter(pk=key).first()
    if row is None:
        raise NotFound(str(rows.model._meta.verbose_name))
    return row


def by_keys(rows: QuerySet[Row], keys: Iterable[int]) -> QuerySet[Row]:
    """The rows with these keys. A number no database can hold is nobody's key, not an error."""
    return rows.filter(pk__in=[key for key in keys if 0 < key <= MAX_KEY])


def idempotency_key(request: HttpRequest) -> str | None:
    return request.headers.get("Idempotency-Key") or None


def list_parameters(kind: type[FilterSet]) -> dict[str, Any]:
    """The filters of a list, for its OpenAPI description."""
    return {"parameters": [_described(name, one) for name, one in kind.base_filters.items()]}


def _described(name: str, chosen: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if choices := chosen.extra.get("choices"):
        schema["enum"] = [value for value, _ in choices]
    if isinstance(chosen, MultipleChoiceFilter):
        schema = {"type": "array", "items": schema}
    text = chosen.extra.get("help_text", "")
    return {"name": name, "in": "query", "description": text, "schema": schema}
