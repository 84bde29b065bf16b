"""The tab "metrics" of a page: charts as far back as its address says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.http import Http404, HttpRequest

from monitoring.charts.page import Page
from monitoring.charts.ranges import DEFAULT, SPANS, Span
from sites.rights import Viewer

Row = TypeVar("Row")


def metrics_tab(
    request: HttpRequest, charts_of: Callable[[Viewer, Row, Span], Page], row: Row
) -> dict[str, Page]:
    return {"charts": charts_of(request.user, row, span_of(request))}


def span_of(request: HttpRequest) -> Span:
    """Raises Http404 for a range that there is not."""
    span = SPANS.get(request.GET.get("range", DEFAULT))
    if span is None:
        raise Http404
    return span
