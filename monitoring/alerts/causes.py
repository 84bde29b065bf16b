"""What may have led to an alert, read from rows when it begins to fire. No secrets, and little."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from audit.masking import cap_line, mask_text
from monitoring.alerts.kinds import Type
from monitoring.alerts.measured import newest
from monitoring.alerts.models import Alert
from monitoring.alerts.picture import Values
from provisioning.models import Operation, Release
from sites.models import Container

TOP: Final = 3
MAX_WORDS: Final = 300
_OPERATION_AGE: Final = timedelta(hours=24)
_BUSY: Final = 1.0  # percent of a core: below it nobody is to blame
Found = Mapping[tuple[str, int], Values]


def attach(alerts: Collection[Alert], *, now: datetime) -> None:
    """Writes ``cause`` on each (not saved). A constant number of queries."""
    if not alerts:
        return
    containers = _top_containers(alerts, now)
    releases, operations = _releases(alerts), _operations(alerts, now)
    for one in alerts:
        cause: dict[str, Any] = {}
        if one.subject_type in (Type.HOST, Type.SITE, Type.DISK):
            key = "site" if one.subject_type == Type.SITE else "host"
            cause["containers"] = containers.get(
                (key, one.site_id if key == "site" else one.host_id)
            )
        cause["release"] = releases.get(one.site_id or 0)
        cause["operation"] = operations.get(("site", one.site_id)) or operations.get(
            ("host", one.host_id)
        )
        one.cause = {name: value for name, value in cause.items() if value}


def _top_containers(
    alerts: Collection[Alert], now: datetime
) -> dict[tuple[str, int | None], list[dict[str, Any]]]:
    """Of each host and site: those that use most CPU, then those that use most memory."""
    hosts = {one.host_id for one in alerts if one.host_id}
    found = newest(now=now, kind="container", host__in=hosts)
    keys = [key for kind, key in found]
    rows = (
        Container.objects.filter(pk__in=keys).order_by().values("pk", "name", "host_id", "site_id")
    )
    of: dict[tuple[str, int | None], list[dict[str, Any]]] = {}
    for row in rows:
        values = found["container", row["pk"]]
        one = {
            "id": row["pk"],
            "name": row["name"],
            "cpu_percent": _rounded(values.get("cpu_percent")),
            "memory_bytes": _rounded(values.get("memory_bytes")),
        }
        of.setdefault(("host", row["host_id"]), []).append(one)
        if row["site_id"]:
            of.setdefault(("site", row["site_id"]), []).append(one)
    return {place: _top(several) for place, several in of.items()}


def _top(several: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_cpu = sorted(several, key=lambda one: -(one["cpu_percent"] or 0))[:TOP]
    by_cpu = [one for one in by_cpu if (one["cpu_percent"] or 0) >= _BUSY]
    by_memory = sorted(several, key=lambda one: -(one["memory_bytes"] or 0))[:TOP]
    return [*by_cpu, *(one for one in by_memory if one not in by_cpu)][: 2 * TOP]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _releases(alerts: Collection[Alert]) -> dict[int, dict[str, Any]]:
    rows = Release.objects.filter(
        site__in={one.site_id for one in alerts if one.site_id}, status=Release.Status.CURRENT
    )
    return {
        site: {"number": number, "since": f"{since:%Y-%m-%d %H:%M} UTC" if since else ""}
        for site, number, since in rows.order_by().values_list("site_id", "number", "current_since")
    }


def _operations(
    alerts: Collection[Alert], now: datetime
) -> dict[tuple[str, int | None], dict[str, Any]]:
    """The last of each site, and of each host what was about no site, if it was lately."""
    sites = {one.site_id for one in alerts if one.site_id}
    hosts = {one.host_id for one in alerts if one.host_id}
    about = Q(site__in=sites) | Q(host__in=hosts, site=None, target_type="host")
    rows = Operation.objects.filter(about, created_at__gte=now - _OPERATION_AGE)
    place = Window(RowNumber(), partition_by=[F("host_id"), F("site_id")], order_by=F("pk").desc())
    newest_first = rows.annotate(place_in=place).filter(place_in=1)
    found: dict[tuple[str, int | None], dict[str, Any]] = {}
    for row in newest_first.defer("journal", "result", "params"):
        kind = ("site", row.site_id) if row.site_id else ("host", row.host_id)
        found[kind] = {
            "id": row.pk,
            "label": cap_line(row.label, 100),
            "status": row.status,
            "message": cap_line(mask_text(row.message), MAX_WORDS),
            "at": f"{row.finished_at or row.created_at:%Y-%m-%d %H:%M} UTC",
            "actor": row.actor_name,
        }
    return found
