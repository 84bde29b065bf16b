"""One page of a list: by number, or by ``after`` at the same speed however deep.

Filters come from the address line through django-filter, the order from an allow-list. What is
wrong with either is an error with the field's name, never a silently wider answer.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest
from django_filters import FilterSet
from ninja import Field, Schema

MAX_PAGE_SIZE = 500
MAX_SKIPPED = 1_000_000  # rows; beyond it the database would only count
Row = TypeVar("Row", bound=Model)


class BadQuery(Exception):
    """Something in the address line cannot be understood."""

    status = 422

    def __init__(
        self, message: str, *, field: str, code: str = "bad_query", errors: Any = ()
    ) -> None:
        super().__init__(message)
        self.message, self.field, self.code = message, field, code
        self.details = {"errors": list(errors)} if errors else {}


class Paging(Schema):
    """``after`` is the ``next_after`` of the page before; it takes the place of ``page``."""

    page: int = Field(1, ge=1)
    page_size: int = Field(50, ge=1, le=MAX_PAGE_SIZE)
    after: str = Field("", max_length=2000)
    ordering: str = Field("", max_length=40)


class Page(Schema):
    """Without ``after``, ``page`` says where in the whole this is."""

    total: int
    page: int
    page_size: int
    total_pages: int
    next_after: str | None = Field(description="pass as `after` for the next page")


def filtered(kind: type[FilterSet], request: HttpRequest, rows: QuerySet[Row]) -> QuerySet[Row]:
    """The rows that match the address line. Raises BadQuery naming each wrong parameter."""
    chosen = kind(data=request.GET, queryset=rows)
    if not chosen.is_valid():
        field, reasons = next(iter(chosen.errors.items()))
        errors = [
            {"loc": ["query", name], "message": str(why[0]), "type": "invalid"}
            for name, why in chosen.errors.items()
        ]
        raise BadQuery(f"{field}: {reasons[0]}", field=field, errors=errors)
    found: QuerySet[Row] = chosen.qs
    return found


def page_of(
    rows: QuerySet[Row],
    paging: Paging,
    *,
    orderings: Mapping[str, str],
    default: str,
    out: Callable[[Row], dict[str, Any]],
) -> dict[str, Any]:
    """``items`` as JSON with their place in the whole. ``orderings``: name → column, never null.

    Two queries: the count and the page.
    """
    order = Order.chosen(paging.ordering or default, orderings)
    total = rows.count()
    found = order.after(rows, paging.after) if paging.after else order.of(rows)
    skipped = 0 if paging.after else _skipped(paging)
    # One more than asked for tells whether there is a next page.
    page = list(found[skipped : skipped + paging.page_size + 1])
    more = len(page) > paging.page_size
    page = page[: paging.page_size]
    return {
        "items": [out(row) for row in page],
        "total": total,
        "page": paging.page,
        "page_size": paging.page_size,
        "total_pages": -(-total // paging.page_size),
        "next_after": order.cursor(page[-1]) if more else None,
    }


def _skipped(paging: Paging) -> int:
    skipped = (paging.page - 1) * paging.page_size
    if skipped > MAX_SKIPPED:
        raise BadQuery(
            "Pages this deep are read by after=<next_after of the page before>.",
            field="page",
            code="page_too_deep",
        )
    return skipped


class Order:
    """A column and then the key, both in one direction: no two rows share a place."""

    def __init__(self, column: str, *, descending: bool) -> None:
        self.column = column
        self.descending = descending

    @classmethod
    def chosen(cls, name: str, orderings: Mapping[str, str]) -> Order:
        column = orderings.get(name.removeprefix("-"))
        if column is None:
            known = ", ".join(orderings)
            raise BadQuery(f"Order by one of {known}; a minus turns it.", field="ordering")
        return cls(column, descending=name.startswith("-"))

    def of(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        names = [self.column] if self.column == "pk" else [self.column, "pk"]
        return rows.order_by(*(F(name).desc() if self.descending else F(name) for name in names))

    def after(self, rows: QuerySet[Row], cursor: str) -> QuerySet[Row]:
        value, key = self._read(cursor)
        beyond = "lt" if self.descending else "gt"
        if self.column == "pk":
            return self.of(rows.filter(**{f"pk__{beyond}": key}))
        # The first condition is implied by the second, but only it can be read off an index.
        place = Q(**{f"{self.column}__{beyond}e": value}) & (
            Q(**{f"{self.column}__{beyond}": value}) | Q(**{f"pk__{beyond}": key})
        )
        try:
            return self.of(rows.filter(place))
        except (ValidationError, ValueError, TypeError):
            raise _bad_cursor() from None

    def cursor(self, row: Model) -> str:
        """Where a row stands. Only the key when that alone is the order."""
        if self.column == "pk":
            return str(row.pk)
        value: Any = row
        for name in self.column.split("__"):
            value = getattr(value, name)
        text = json.dumps([one if isinstance(one, int) else str(one) for one in (value, row.pk)])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def _read(self, cursor: str) -> tuple[str | int, str | int]:
        if self.column == "pk":
            if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
                raise _bad_cursor()
            return "", int(cursor)
        try:
            value, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        except (binascii.Error, ValueError, TypeError):
            raise _bad_cursor() from None
        if not isinstance(value, str | int) or not isinstance(key, str | int):
            raise _bad_cursor()
        return value, key


def _bad_cursor() -> BadQuery:
    return BadQuery("Pass next_after of a page in the same order.", field="after")
