"""What the tab "metrics" shows: charts' numbers for a script, the same as a table, and marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from monitoring.charts.marks import Mark, marks
from monitoring.charts.ranges import SPANS, Span
from monitoring.charts.shape import CHARTS, Chart, Line, of_disks
from monitoring.history import shown
from sites.live import encode
from sites.models import Container, Host, Site
from sites.rights import Viewer

Values = list[float | None]
Columns = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One step of one line, with its least and greatest value where these differ."""

    unit: str
    avg: float | None
    low: float | None
    high: float | None

    @property
    def varies(self) -> bool:
        return self.low is not None and self.low != self.high


@dataclass(frozen=True, slots=True)
class Head:
    chart: str
    line: str


@dataclass(frozen=True, slots=True)
class Page:
    """``data`` is JSON for `charts.js`. ``topic`` is empty where nothing comes each second."""

    span: Span
    charts: Sequence[Chart]
    data: str
    topic: str
    heads: Sequence[Head]
    rows: Sequence[tuple[datetime, Sequence[Cell]]]
    marks: Sequence[Mark]
    measured: bool

    @property
    def spans(self) -> Sequence[Span]:
        return list(SPANS.values())


def of_container(user: Viewer, row: Container, span: Span) -> Page:
    now = timezone.now()
    told = shown.of_container(row, span.wanted(now), now=now)
    return _page(user, row, told, span, topic=f"metrics.{row.pk}")


def of_site(user: Viewer, row: Site, span: Span) -> Page:
    now = timezone.now()
    told = shown.of_site(row, span.wanted(now), now=now)
    return _page(user, row, told, span, topic=f"metrics.site.{row.pk}")


def of_host(user: Viewer, row: Host, span: Span) -> Page:
    now = timezone.now()
    told = shown.of_host(row, span.wanted(now), now=now)
    return _page(user, row, told, span, topic=f"metrics.host.{row.pk}")


def of_system(user: Viewer, span: Span) -> Page:
    """All hosts that the account sees, summed."""
    now = timezone.now()
    hosts = list(Host.objects.visible_to(user).only("pk"))
    return _page(user, None, shown.of_hosts(hosts, span.wanted(now), now=now), span, topic="")


def _page(
    user: Viewer,
    row: Container | Site | Host | None,
    told: dict[str, Any],
    span: Span,
    *,
    topic: str,
) -> Page:
    charts, columns = _charts(told)
    begin, end = told["to"] - span.back, timezone.now()
    found = marks(user, row, begin=begin, end=end)
    lines = [(chart, line) for chart in charts for line in chart.lines]
    live = span.key == "1h" and bool(topic)
    return Page(
        span=span,
        charts=charts,
        data=encode(_data(told, span, charts, columns, live=live)),
        topic=topic if live else "",
        heads=[Head(chart.title, line.label) for chart, line in lines],
        rows=_rows(told, lines, columns),
        marks=found,
        measured=any(source for source in told["sources"]),
    )


def _charts(told: Mapping[str, Any]) -> tuple[list[Chart], Columns]:
    charts, columns = list(CHARTS[told["kind"]]), dict(told["metrics"])
    if disks := told.get("disks"):
        charts.append(of_disks([disk["mount"] for disk in disks]))
        columns |= {disk["mount"]: _fullness(disk["metrics"]) for disk in disks}
    return charts, columns


def _fullness(disk: Columns) -> Mapping[str, Values]:
    total = disk["total_bytes"]["avg"]
    return {
        name: [
            round(100 * used / whole, 2) if used is not None and whole else None
            for used, whole in zip(disk["used_bytes"][name], total, strict=True)
        ]
        for name in ("min", "avg", "max")
    }


def _data(
    told: Mapping[str, Any], span: Span, charts: Sequence[Chart], columns: Columns, *, live: bool
) -> dict[str, Any]:
    """Times in seconds of the epoch, each in the middle of its step."""
    half_s = told["resolution_s"] / 2
    return {
        "kind": told["kind"],
        "id": told["id"],
        "step_s": told["resolution_s"],
        "span_s": int(span.back.total_seconds()),
        "refresh_s": 0 if live else span.refresh_s,
        "at": [at.timestamp() + half_s for at in told["at"]],
        "charts": [
            {
                "key": chart.key,
                "title": chart.title,
                "unit": chart.unit,
                "lines": [_line(line, columns[line.metric]) for line in chart.lines],
            }
            for chart in charts
        ],
    }


def _line(line: Line, column: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "metric": line.metric,
        "label": line.label,
        "colour": line.colour,
        "limit": line.limit,
        "min": column["min"],
        "avg": column["avg"],
        "max": column["max"],
    }


def _rows(
    told: Mapping[str, Any], lines: Sequence[tuple[Chart, Line]], columns: Columns
) -> list[tuple[datetime, list[Cell]]]:
    """Newest first, as a table is read."""
    rows = [
        (
            at,
            [
                Cell(
                    chart.unit,
                    *(columns[line.metric][part][step] for part in ("avg", "min", "max")),
                )
                for chart, line in lines
            ],
        )
        for step, at in enumerate(told["at"])
    ]
    return rows[::-1]
