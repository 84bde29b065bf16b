"""The parts of SiteFlow that are asked how they are. A check may fail, or hang: see asking.py."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Min, Q
from django.utils import timezone

from monitoring.health.lag import monitor_health
from provisioning.models import Operation
from sites.models import Host

LAYER_TIMEOUT_S: Final = 2.0
CANARY_MAX_AGE_S: Final = 60.0
WAITING_MAX_AGE_S: Final = 30.0
LEAST_FREE_BYTES: Final = 200_000_000  # what a day of audit and history may need
_GIB: Final = 2**30


@dataclass(frozen=True, slots=True)
class Found:
    """``words``: one sentence, also for people who do not know the part."""

    ok: bool
    words: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """``source``: where what is told of it comes from."""

    check: Callable[[], Found]
    source: str


def database() -> Found:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return Found(True, "The database answers.", {"engine": connection.vendor})


_migrated: set[str] = set()  # once made, tables stay


def migrations() -> Found:
    if connection.alias not in _migrated:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if missing:
            names = [str(migration) for migration, _ in missing]
            words = f"{len(names)} migrations are not applied: run manage.py migrate."
            return Found(False, words, {"unapplied": names})
        _migrated.add(connection.alias)
    return Found(True, "All tables are as this version needs them.", {"unapplied": []})


def feed() -> Found:
    async_to_sync(_there_and_back)()
    name = type(get_channel_layer()).__name__
    return Found(True, "A message came back through the live feed.", {"layer": name})


async def _there_and_back() -> None:
    """Over the channel layer itself. Raises what it raises, and TimeoutError."""
    layer: Any = get_channel_layer()
    group = f"health.{uuid.uuid4().hex}"
    async with asyncio.timeout(LAYER_TIMEOUT_S):
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        try:
            await layer.group_send(group, {"type": "health", "group": group})
            back = await layer.receive(channel)
        finally:
            await layer.group_discard(group, channel)
    if back.get("group") != group:
        raise ValueError("another message came back")


def queue() -> Found:
    """Workers are well when nothing waits long and the queue's canary passed a moment ago."""
    now = timezone.now()
    counted = Operation.objects.active().aggregate(
        queued=Count("pk", filter=Q(status=Operation.Status.QUEUED)),
        running=Count("pk", filter=Q(status=Operation.Status.RUNNING)),
        oldest=Min("created_at", filter=Q(status=Operation.Status.QUEUED)),
    )
    oldest = counted.pop("oldest")
    waiting_s = (now - oldest).total_seconds() if oldest else 0.0
    canary_s = canary_age_s(now)
    details = {**counted, "longest_wait_s": round(waiting_s, 1), "canary_age_s": canary_s}
    if canary_s is not None and canary_s >= CANARY_MAX_AGE_S:
        return Found(False, f"No sign of life from the workers for {canary_s:.0f} s.", details)
    if waiting_s >= WAITING_MAX_AGE_S:
        return Found(False, f"An operation has waited for {waiting_s:.0f} s to begin.", details)
    return Found(True, "{queued} operations wait, {running} run.".format(**counted), details)


def canary_age_s(now: datetime) -> float | None:
    """Seconds since a worker of this machine last showed itself; None when none ever did."""
    path = settings.DATA_DIR / "run" / "worker.alive"
    try:
        touched = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
    return round((now - touched).total_seconds(), 1)


def monitor() -> Found:
    health = monitor_health()
    details = health.to_dict()
    if not health.monitors:
        return Found(False, "No monitor is running: nobody looks at the hosts.", details)
    if health.stale:
        names = ", ".join(health.stale[:5])
        return Found(False, f"Reachable, but not read for too long: {names}.", details)
    longest = details["longest_lag_s"]
    words = "There is no host to read." if longest is None else f"All are read, {longest} s ago."
    return Found(True, words, details)


def hosts() -> Found:
    """Hosts that are down are their own trouble, not SiteFlow's: this part is always well."""
    states = dict(Host.objects.order_by("name").values_list("name", "state"))
    others = {name: state for name, state in states.items() if state != Host.State.REACHABLE}
    words = f"{len(states) - len(others)} of {len(states)} hosts are reachable."
    return Found(True, words, {"total": len(states), "not_reachable": others})


def disk() -> Found:
    """Of the file system that holds what SiteFlow keeps."""
    usage = shutil.disk_usage(settings.DATA_DIR)
    words = f"{usage.free / _GIB:.1f} of {usage.total / _GIB:.1f} GiB are free."
    details = {"path": str(settings.DATA_DIR), "free_bytes": usage.free,
               "total_bytes": usage.total}  # fmt: skip
    return Found(usage.free >= LEAST_FREE_BYTES, words, details)


PARTS: Final[dict[str, Part]] = {
    "database": Part(database, "a query"),
    "migrations": Part(migrations, "the table of applied migrations"),
    "feed": Part(feed, "a message sent to itself"),
    "queue": Part(queue, "operations that wait, and the canary that passes the queue"),
    "monitor": Part(monitor, "when the monitors last read each reachable host"),
    "hosts": Part(hosts, "the last read of each host"),
    "disk": Part(disk, "the file system of the data folder"),
}
# Without these no request can be served.
READY: Final = ("database", "migrations", "feed")
