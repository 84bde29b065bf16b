"""What an address line may filter a list of the console by: what its filters offer, nothing else.

Django takes any column by its name, also ones no page shows, and values no database can compare.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def offered(list_filter: Iterable[Any], lookup: str) -> bool:
    """For a ModelAdmin's ``lookup_allowed``; ``list_filter`` is its own."""
    return any(lookup in _names(one) for one in list_filter)


def _names(one: Any) -> tuple[str, ...]:
    if isinstance(one, str):
        return (one, f"{one}__exact", f"{one}__id__exact", f"{one}__isnull")
    return getattr(one, "names", None) or (one.parameter_name,)
