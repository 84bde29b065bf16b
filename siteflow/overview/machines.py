"""Hosts with what they use, worst state first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Case, F, IntegerField, Value, When
from django.db.models.fields.json import KT

from monitoring.history.latest import Reading, Readings, readings_of
from sites.attention import HOST_STATES, out_of_sight
from sites.models import Host
from sites.models.container import UNKNOWN
from sites.rights import Viewer

MOST: Final = 8
_WORST: Final = (HOST_STATES[0], HOST_STATES[1], UNKNOWN, *HOST_STATES[2:])
_FULL: Final = 90  # percent from which on somebody should look


@dataclass(frozen=True)
class Used:
    """How much of something is used, in percent; of a disk with where it is mounted."""

    name: str
    percent: float
    mount: str = ""

    @property
    def state(self) -> str:
        return "failed" if self.percent >= _FULL else "running"


@dataclass(frozen=True)
class Machine:
    """``used`` is empty for what was not measured lately; ``measured_at`` None then."""

    row: Host
    load1: float | None
    used: list[Used]
    measured_at: datetime | None


def machines_of(user: Viewer, *, now: datetime) -> list[Machine]:
    told = Case(When(out_of_sight(now=now), then=Value(UNKNOWN)), default=F("state"))
    rows = Host.objects.visible_to(user).annotate(told=told, cpus=KT("facts__cpus"))
    heavy = ("facts", "services", "host_key", "offered_key", "preflight")
    hosts = list(rows.defer(*heavy).order_by(_worst_first(), "name")[:MOST])
    reached = [row.pk for row in hosts if row.state == Host.State.REACHABLE]
    readings = readings_of(reached, now=now, kinds=("host", "disk"))
    return [_machine(row, readings) for row in hosts]


def _worst_first() -> Case:
    ranks = [When(told=state, then=Value(rank)) for rank, state in enumerate(_WORST)]
    return Case(*ranks, default=Value(len(ranks)), output_field=IntegerField())


def _machine(row: Host, readings: Readings) -> Machine:
    own = readings.get(("host", row.pk, ""))
    if own is None or row.told == UNKNOWN:  # type: ignore[attr-defined]
        return Machine(row, None, [], None)
    used = [*_cpu(row, own), *_memory(own), *_fullest(row.pk, readings)]
    return Machine(row, own.values.get("load1"), used, own.until)


def _cpu(row: Any, own: Reading) -> list[Used]:
    """Of all cores together, where it is known how many there are."""
    cpus = int(row.cpus) if row.cpus and str(row.cpus).isdecimal() else 0
    found = own.values.get("cpu_percent")
    return [] if found is None or not cpus else [Used("CPU", min(100.0, found / cpus))]


def _memory(own: Reading) -> list[Used]:
    return _share("Memory", own.values.get("memory_bytes"), own.values.get("memory_limit_bytes"))


def _fullest(host: int, readings: Readings) -> list[Used]:
    """The one disk of a host that has least room left."""
    disks = [
        used
        for (kind, key, mount), reading in readings.items()
        if kind == "disk" and key == host
        for used in _share(
            "Disk", reading.values.get("used_bytes"), reading.values.get("total_bytes"), mount
        )
    ]
    return sorted(disks, key=lambda used: -used.percent)[:1]


def _share(name: str, used: float | None, total: float | None, mount: str = "") -> list[Used]:
    if used is None or not total:
        return []
    return [Used(name, min(100.0, 100 * used / total), mount)]
