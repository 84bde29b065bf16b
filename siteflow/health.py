"""Is it alive, can it serve, and how is each part: for load balancers and for admins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from monitoring.health import monitor_health
from provisioning.models import Operation
from sites.answers import json_answer, need_everywhere

health = Router(tags=["health"])

ADMIN_PERMISSION: Final = "sites.manage_host"
LAYER_TIMEOUT_S: Final = 2.0
REMEMBERED_S: Final = 1.0  # who asks more often gets the same answer
CANARY_MAX_AGE_S: Final = 60.0
WAITING_MAX_AGE_S: Final = 30.0

Check = tuple[bool, dict[str, Any]]


class Health(Schema):
    status: str


class Readiness(Schema):
    status: str
    checks: dict[str, bool]


class Part(Schema):
    ok: bool
    details: dict[str, Any]


class DetailedHealth(Schema):
    status: str
    parts: dict[str, Part]


@health.get("/live", auth=None, response=Health)
def live(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else: a broken database is no reason to restart it."""
    return json_answer({"status": "ok"})


@health.get("", auth=None, response={200: Health, 503: Health})
def basic(request: HttpRequest) -> HttpResponse:
    """The process and its database answer."""
    good, _ = _tried(_database)
    return json_answer({"status": "ok" if good else "failing"}, status=200 if good else 503)


@health.get("/ready", auth=None, response={200: Readiness, 503: Readiness})
def ready(request: HttpRequest) -> HttpResponse:
    """Send requests here: database, its tables and the live feed work. 503 when not."""
    checks = _readiness()
    good = all(checks.values())
    content = {"status": "ready" if good else "not_ready", "checks": checks}
    return json_answer(content, status=200 if good else 503)


@health.get("/detailed", response=DetailedHealth)
def detailed(request: HttpRequest) -> HttpResponse:
    """How each part is, for admins. Always 200: the answer itself says what fails."""
    need_everywhere(request.user, ADMIN_PERMISSION)
    results = {name: _tried(check) for name, check in _PARTS.items()}
    good = all(part_good for part_good, _ in results.values())
    parts = {name: {"ok": ok, "details": details} for name, (ok, details) in results.items()}
    return json_answer({"status": "ok" if good else "failing", "parts": parts})


def _tried(check: Callable[[], Check]) -> Check:
    begun = time.perf_counter()
    try:
        good, details = check()
    except Exception as error:  # a check that fails is its result
        good, details = False, {"error": type(error).__name__}
    return good, {**details, "duration_ms": round((time.perf_counter() - begun) * 1000, 1)}


_remembered: dict[str, tuple[float, dict[str, bool]]] = {}


def _readiness() -> dict[str, bool]:
    at, checks = _remembered.get("ready", (-REMEMBERED_S, {}))
    if time.monotonic() - at > REMEMBERED_S:
        wanted = {"database": _database, "migrations": _migrations, "feed": _feed}
        checks = {name: _tried(check)[0] for name, check in wanted.items()}
        _remembered["ready"] = (time.monotonic(), checks)
    return checks


def _database() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return True, {"engine": connection.vendor}


_migrated: set[str] = set()  # once made, tables stay


def _migrations() -> Check:
    if connection.alias not in _migrated:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if missing:
            return False, {"unapplied": [str(migration) for migration, _ in missing]}
        _migrated.add(connection.alias)
    return True, {"unapplied": []}


def _feed() -> Check:
    async_to_sync(_send)()
    return True, {"layer": type(get_channel_layer()).__name__}


async def _send() -> None:
    layer: Any = get_channel_layer()
    async with asyncio.timeout(LAYER_TIMEOUT_S):
        await layer.group_send("health", {"type": "health"})  # a group without members


def _queue() -> Check:
    """Workers are well when nothing waits long and the queue's canary passed a moment ago."""
    now = timezone.now()
    counted = Operation.objects.active().aggregate(
        queued=Count("pk", filter=Q(status=Operation.Status.QUEUED)),
        running=Count("pk", filter=Q(status=Operation.Status.RUNNING)),
        oldest=Min("created_at", filter=Q(status=Operation.Status.QUEUED)),
    )
    oldest = counted.pop("oldest")
    waiting_s = (now - oldest).total_seconds() if oldest else 0.0
    canary_s = _canary_age_s(now)
    passed = canary_s is None or canary_s < CANARY_MAX_AGE_S
    details = {**counted, "longest_wait_s": round(waiting_s, 1), "canary_age_s": canary_s}
    return waiting_s < WAITING_MAX_AGE_S and passed, details


def _canary_age_s(now: datetime) -> float | None:
    """Seconds since a worker of this machine last showed itself; None when none ever did."""
    path = settings.DATA_DIR / "run" / "worker.alive"
    try:
        touched = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
    return round((now - touched).total_seconds(), 1)


def _monitor() -> Check:
    health = monitor_health()
    return health.ok, health.to_dict()


_PARTS: Final[dict[str, Callable[[], Check]]] = {
    "database": _database,
    "migrations": _migrations,
    "feed": _feed,
    "queue": _queue,
    "monitor": _monitor,
}
