"""What is told of a NAS to who sees it as a host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from ninja import Schema

from provisioning.backups.clocks import SKEW
from provisioning.backups.judging import State
from provisioning.backups.models import BackupSource, SiteBackup
from provisioning.backups.reasons import advice, reason
from sites.models import Host, Site
from sites.rights import Viewer

_SETTINGS: Final = ("root", "pattern", "marker", "every_minutes", "least_percent")
_SEEN: Final = ("tried_at", "read_at", "failing_since", "skew_s", "duration_ms")


class NamedOut(Schema):
    id: int
    name: str


class NasOut(Schema):
    """A folder of backups on a NAS. ``connected`` null: nobody has looked, or not for too long.

    ``reason`` is short, ``error`` names folders. ``skew_s``: how far its clock is ahead of ours,
    null when it tells no time. ``hosts`` and ``sites`` are those whose backups lie there, as far as
    you see them; ``states`` counts their sites.
    """

    id: int
    nas: int
    nas_name: str
    root: str
    pattern: str
    marker: str
    every_minutes: int
    least_percent: int
    connected: bool | None
    error_code: str
    reason: str
    error: str
    advice: str
    failing_since: datetime | None
    tried_at: datetime | None
    read_at: datetime | None
    skew_s: int | None
    duration_ms: int | None
    hosts: list[NamedOut]
    sites: list[NamedOut]
    states: dict[str, int]
    problems: list[str]


def sources_out(
    user: Viewer, *, nas: int | None = None, now: datetime | None = None
) -> list[dict[str, Any]]:
    """Those that an account may see, of one NAS or of all."""
    now = now or timezone.now()
    rows = BackupSource.objects.visible_to(user).select_related("nas").order_by("nas__name", "root")
    if nas is not None:
        rows = rows.filter(nas_id=nas)
    return [_source_out(row, user, now) for row in rows]


def _source_out(row: BackupSource, user: Viewer, now: datetime) -> dict[str, Any]:
    hosts = Host.objects.visible_to(user).filter(backed_up_to=row).order_by("name")
    sites = Site.objects.visible_to(user).filter(backed_up_to=row).order_by("name", "pk")
    return {
        "id": row.pk,
        "nas": row.nas_id,
        "nas_name": row.nas.name,
        **{name: getattr(row, name) for name in (*_SETTINGS, *_SEEN)},
        "connected": row.connected(now=now),
        "error_code": row.error_code,
        "reason": reason(row),
        "error": row.error,
        "advice": advice(row),
        "hosts": [{"id": key, "name": name} for key, name in hosts.values_list("pk", "name")],
        "sites": [{"id": key, "name": name} for key, name in sites.values_list("pk", "name")],
        "states": _states(SiteBackup.objects.visible_to(user).filter(source=row).live(now=now)),
        "problems": list(_problems(row, now)),
    }


def _states(rows: Any) -> dict[str, int]:
    found = dict.fromkeys(State.values, 0)
    for state in rows.values_list("live_state", flat=True):
        found[state] += 1
    return found


def _problems(row: BackupSource, now: datetime) -> Iterator[str]:
    if row.error_code:
        yield row.error or reason(row)
    elif row.tried_at is None:
        yield "not looked at yet"
    elif not row.connected(now=now):
        yield "nobody has looked at it for too long: check that SiteFlow’s monitor is running"
    if row.skew_s is not None and abs(row.skew_s) >= SKEW.total_seconds():
        way = "ahead of" if row.skew_s > 0 else "behind"
        yield f"its clock is {_span(abs(row.skew_s))} {way} ours; ages are told by ours"


def _span(seconds: int) -> str:
    units: Iterable[tuple[str, int]] = (("d", 86_400), ("h", 3_600), ("min", 60))
    unit, size = next((one for one in units if seconds >= one[1]), ("s", 1))
    return f"{seconds // size} {unit}"
