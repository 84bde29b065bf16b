"""The audit with 1,000,000 entries against the same with 1,000. Run per engine, as `lists` is.

Server time of the application itself, in one process, and what recording and verifying cost.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.models import Entry

DAYS = 90
SIZES = tuple(int(size) for size in sys.argv[1:]) or (1_000, 1_000_000)
ROUNDS = 25
ACTIONS = ("container.restart", "container.stop", "auth.login", "host.test", "host.refresh")


def main() -> None:
    """Prints one JSON object: page → size → [milliseconds, queries]."""
    with tempfile.TemporaryDirectory(prefix="siteflow-bench-") as folder:
        print(json.dumps(_figures(folder)))


def _figures(folder: str) -> dict[str, dict[int, list[float]]]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "siteflow.settings"
    os.environ["SITEFLOW_DATA_DIR"] = folder
    os.environ["ALLOWED_HOSTS"] = "testserver"
    os.environ["SITEFLOW_ADMIN_PASSWORD"] = "bench"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("prepare", stdout=sys.stderr)
    figures: dict[str, dict[int, list[float]]] = {}
    for size in SIZES:
        _fill(size)
        for page, path in _pages(size).items():
            figures.setdefault(page, {})[size] = _measure(path)
        for name, measure in {"copy": _copy_ms, "record": _record_ms, "verify": _verify_ms}.items():
            figures.setdefault(name, {})[size] = [measure(), 0]
    return figures


def _pages(size: int) -> dict[str, str]:
    from audit.models import Entry

    logs = "/api/audit/logs?page_size=50"
    middle = Entry.objects.get(id=size // 2).at
    week = f"start_date={middle:%Y-%m-%d}&end_date={middle + timedelta(days=6):%Y-%m-%d}"
    return {
        "first page": logs,
        "deep page by key": f"{logs}&after={size // 3}",
        "deep page by number": f"{logs}&page={size // 75}",
        "one action": f"{logs}&action_type=container.restart",
        "one action in one week": f"{logs}&action_type=container.restart&{week}",
        "one week, a failed one": f"{logs}&status=failed&{week}",
        "a rare target": f"{logs}&target_name=container-7",
        "console": "/admin/audit/entry/",
        "console, one action in one week": "/admin/audit/entry/?action=container.restart&"
        + week.replace("start_date", "since").replace("end_date", "until"),
    }


def _fill(size: int) -> None:
    """As `record` would, but in bulk: so without the triggers, which ask for one at a time."""
    from django.db import connection
    from django.utils import timezone

    from audit import copy, guard
    from audit.models import Entry, Head

    guard.remove(connection)
    Entry.objects.all().delete()
    Head.objects.all().delete()
    Head.objects.create()
    for path in copy.files():
        path.unlink()
    begun = timezone.now() - timedelta(days=DAYS)
    batch: list[Entry] = []
    for entry in _entries(size, begun):
        batch.append(entry)
        if len(batch) == 5_000 or entry.id == size:
            Entry.objects.bulk_create(batch)
            batch = []
            Head.objects.update(seq=entry.id, hash=entry.hash, latest_at=entry.at)
    guard.install(connection)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _entries(size: int, begun: datetime) -> Iterator[Entry]:
    from audit.hashing import SEALED_FIELDS, seal
    from audit.models import GENESIS_HASH, Entry

    previous = GENESIS_HASH
    values: dict[str, Any] = dict.fromkeys(SEALED_FIELDS, "")
    values |= dict.fromkeys(("before", "after", "duration_ms", "operation_id", "actor_id"))
    for number in range(1, size + 1):
        values |= {
            "id": number,
            "at": begun + timedelta(days=DAYS) * number / size,
            "phase": "outcome",
            "action": ACTIONS[number % 5],
            "status": "failed" if number % 20 == 0 else "succeeded",
            "source": "api",
            "target_type": "container",
            "target_name": f"container-{number % 997}",
            "actor_name": ("alice", "admin")[number % 2],
            "remote_addr": "192.0.2.7",
            "after": {"state": "running"},
            "output": "Restarted.",
            "operation_id": number // 2,
            "prev_hash": previous,
        }
        previous = seal(values)
        yield Entry(**values, hash=previous)


def _measure(path: str) -> list[float]:
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(get_user_model().objects.get(username="admin"))
    taken = [_timed(client, path) for _ in range(ROUNDS)]
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return [sorted(taken)[ROUNDS // 2], float(len(queries))]


def _timed(client: Any, path: str) -> float:
    begun = time.perf_counter()
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code}")
    return (time.perf_counter() - begun) * 1000


def _copy_ms() -> float:
    """All entries written to the JSON lines."""
    from audit import copy

    begun = time.perf_counter()
    copy.sync()
    return (time.perf_counter() - begun) * 1000


def _record_ms() -> float:
    """One entry, the commit and the line of the copy included."""
    from audit.record import Actor, record

    actor = Actor.system("benchmark")
    taken = []
    for _ in range(ROUNDS * 4):
        begun = time.perf_counter()
        record(phase="event", action="host.test", status="succeeded", actor=actor)
        taken.append((time.perf_counter() - begun) * 1000)
    return sorted(taken)[len(taken) // 2]


def _verify_ms() -> float:
    from audit.chain import verify

    begun = time.perf_counter()
    verdict = verify()
    if not verdict.ok:
        raise RuntimeError(verdict.reason)
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
