"""One page of a list that was just read from a host: there are no rows a database could choose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ninja import Field, Schema

from sites.paging import MAX_PAGE_SIZE, BadQuery

Out = dict[str, Any]


class LivePaging(Schema):
    """``search`` in names, whatever its case; a minus turns the order."""

    page: int = Field(1, ge=1, le=1_000_000)
    page_size: int = Field(50, ge=1, le=MAX_PAGE_SIZE)
    ordering: str = Field("", max_length=40)
    search: str = Field("", max_length=200)


def chosen(items: Iterable[Out], *, search: str = "", **wanted: bool | None) -> list[Out]:
    """Those with the text in a name, and with what is ``wanted`` so; None: either."""
    text = search.casefold()
    return [
        one
        for one in items
        if text in " ".join(names_of(one)).casefold()
        and all(value is None or one[name] is value for name, value in wanted.items())
    ]


def names_of(one: Out) -> list[str]:
    """What a thing is called, and by whom it is used."""
    own: list[str] = one["names"] if "names" in one else [one["name"]]
    return [*own, one.get("id", ""), *(user["name"] for user in one["containers"])]


def page_of(items: list[Out], paging: LivePaging, *, orderings: Mapping[str, str]) -> Out:
    """The first of ``orderings`` is the usual one. What is not known comes last."""
    order = paging.ordering or next(iter(orderings))
    key = orderings.get(order.removeprefix("-"))
    if key is None:
        known = ", ".join(orderings)
        raise BadQuery(f"Order by {known}; a minus turns the order.", field="ordering")
    ordered = sorted_by(items, key, descending=order.startswith("-"))
    first = (paging.page - 1) * paging.page_size
    return {
        "items": ordered[first : first + paging.page_size],
        "total": len(items),
        "page": paging.page,
        "page_size": paging.page_size,
        "total_pages": -(-len(items) // paging.page_size),
    }


def sorted_by(items: Iterable[Out], key: str, *, descending: bool = False) -> list[Out]:
    """What is not known comes last, whichever way."""
    several = list(items)
    known = [one for one in several if one[key] not in (None, [])]
    unknown = [one for one in several if one[key] in (None, [])]
    return [*sorted(known, key=lambda one: one[key], reverse=descending), *unknown]
