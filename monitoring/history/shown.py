"""What is told of a thing's history, the same by the API and the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from monitoring.history import reading
from monitoring.history.levels import HOUR_S, YEAR_S, level_for
from monitoring.history.reading import Range
from monitoring.history.summaries import Summed
from monitoring.history.writing import moment
from monitoring.metrics import METRICS
from monitoring.models import Series
from sites.models import Container, Host, Site


@dataclass(frozen=True, slots=True)
class Wanted:
    """Ends are moments or None: now, and an hour before the end."""

    begin: datetime | None = None
    end: datetime | None = None
    resolution_s: int | None = None

    def range(self, now: datetime) -> Range:
        now_s = now.timestamp()
        end_s = min(self.end.timestamp() if self.end else now_s, now_s)
        begin_s = self.begin.timestamp() if self.begin else end_s - HOUR_S
        begin_s = max(begin_s, now_s - YEAR_S)
        level = level_for(begin_s, end_s, now_s=now_s, resolution_s=self.resolution_s)
        return reading.range_of(level, begin_s, end_s, now_s=now_s)


def of_container(row: Container, wanted: Wanted, *, now: datetime) -> dict[str, Any]:
    series = Series.objects.filter(kind="container", container=row)
    return _of_one("container", row, list(series), wanted.range(now))


def of_site(row: Site, wanted: Wanted, *, now: datetime) -> dict[str, Any]:
    series = Series.objects.filter(kind="site", site=row)
    return _of_one("site", row, list(series), wanted.range(now))


def of_host(row: Host, wanted: Wanted, *, now: datetime) -> dict[str, Any]:
    """With its disks."""
    series = Series.objects.filter(Q(kind="host") | Q(kind="disk"), host=row).order_by("mount")
    return _of_one("host", row, list(series), wanted.range(now))


def of_hosts(rows: Sequence[Host], wanted: Wanted, *, now: datetime) -> dict[str, Any]:
    """All of them together; ``hosts`` says how many of them were measured in each step."""
    chosen = wanted.range(now)
    series = list(Series.objects.filter(kind="host", host__in=rows))
    found = reading.points(series, chosen)
    told = _told("host", reading.together(found), chosen)
    counts = [sum(at_s in steps for steps in found.values()) for at_s in chosen.steps_s]
    return {"kind": "system", "id": None, "name": "", **told, "hosts": counts}


def _of_one(
    kind: str, row: Container | Site | Host, series: Sequence[Series], chosen: Range
) -> dict[str, Any]:
    found = reading.points(series, chosen)
    own: Mapping[int, Summed] = {}
    disks = []
    for each in series:
        if each.kind == "disk":
            disk = _metrics("disk", found.get(each.pk, {}), chosen)
            disks.append({"mount": each.mount, "metrics": disk})
        else:
            own = found.get(each.pk, {})
    told = {"kind": kind, "id": row.pk, "name": row.name, **_told(kind, own, chosen)}
    return {**told, "disks": disks} if kind == "host" else told


def _told(kind: str, found: Mapping[int, Summed], chosen: Range) -> dict[str, Any]:
    rows = [found.get(at_s) for at_s in chosen.steps_s]
    return {
        "from": moment(chosen.begin_s),
        "to": moment(chosen.end_s),
        "resolution_s": chosen.level.step_s,
        "at": [moment(at_s) for at_s in chosen.steps_s],
        "sources": [row.source if row else None for row in rows],
        "metrics": _metrics(kind, found, chosen),
    }


def _metrics(kind: str, found: Mapping[int, Summed], chosen: Range) -> dict[str, Any]:
    values = reading.columns(found, list(METRICS[kind]), chosen)
    return {name: {"unit": unit, **values[name]} for name, unit in METRICS[kind].items()}
