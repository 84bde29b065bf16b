"""How full the hosts' disks are, as their facts say, which are read once a minute anyway."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from monitoring.metrics import SeriesKey
from monitoring.rates import Readings
from sites.models import Host

FRESH: Final = timedelta(seconds=90)


def disk_readings(hosts: Collection[int]) -> dict[SeriesKey, Readings]:
    """Of hosts whose facts were read a moment ago; one query."""
    since = timezone.now() - FRESH
    rows = Host.objects.filter(pk__in=hosts, facts_at__gte=since).values_list("pk", "facts")
    return {
        SeriesKey("disk", host, mount=str(disk["mount"])[:255]): _readings(disk)
        for host, facts in rows
        for disk in facts.get("disks", [])
    }


def _readings(disk: Mapping[str, Any]) -> Readings:
    return {
        "used_bytes": float(disk["used_bytes"]),
        "total_bytes": float(disk["total_bytes"]),
    }
