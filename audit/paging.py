"""One page of entries, newest first, as fast from a million entries as from a thousand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audit.export import COLUMNS
from audit.filters import COUNT_LIMIT, EntryFilter, count
from audit.hashing import LATER, portable
from audit.models import EntryQuerySet, Head


class PageTooDeepError(Exception):
    """A page by number beyond what is counted."""

    code = "page_too_deep"
    status = 400
    message = f"Pages by number end at {COUNT_LIMIT} entries. Go on with after=<id of the last>."

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Page:
    logs: list[dict[str, Any]]
    total: int
    total_is_exact: bool
    page: int
    page_size: int
    next_after: int | None

    @property
    def total_pages(self) -> int:
        return -(-self.total // self.page_size)


def page_of(
    queryset: EntryQuerySet, chosen: EntryFilter, *, page: int, page_size: int, after: int | None
) -> Page:
    """Page number `page`, or what is older than entry `after`."""
    found = chosen.apply(queryset)
    total, exact = count(found)
    skipped = (page - 1) * page_size
    older = found.filter(id__lt=after) if after is not None else None
    rows = _numbered(found, skipped, total, exact) if older is None else older
    logs = [as_json(values) for values in rows.order_by("-id").values(*COLUMNS)[:page_size]]
    return Page(logs, total, exact, page, page_size, _next(logs, page_size))


def as_json(values: dict[str, Any]) -> dict[str, Any]:
    return {**dict.fromkeys(LATER), **portable(values), "hash": values["hash"]}


def _next(logs: list[dict[str, Any]], page_size: int) -> int | None:
    return logs[-1]["id"] if len(logs) == page_size else None


def _numbered(found: EntryQuerySet, skipped: int, total: int, exact: bool) -> EntryQuerySet:
    if skipped >= total:
        if not exact:
            raise PageTooDeepError
        return found.none()
    if not found.query.has_filters():
        # Numbers have no gaps, so the page's first entry is known without counting down to it.
        seq = Head.objects.values_list("seq", flat=True).get()
        return found.filter(id__lte=seq - skipped)
    newest = found.order_by("-id").values_list("id", flat=True)[skipped : skipped + 1]
    return found.filter(id__lte=newest.first() or 0)
