"""The audit with 1,000,000 entries against the same with 1,000. Run per engine, as `lists` is.

Server time of the application itself, in one process, the two sizes in turn; and what recording,
copying and verifying cost.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.test import Client

    from audit.models import Entry

DAYS = 90
SIZES = tuple(int(size) for size in sys.argv[1:]) or (1_000, 1_000_000)
ROUNDS = 25
ACTIONS = ("container.restart", "container.stop", "auth.login", "host.test", "host.refresh")
LOGS = "/api/audit/logs?page_size=50"
LIST = "/admin/audit/entry/?"
PAGES = {
    "first page": LOGS,
    "deep page by key": LOGS + "&after={third}",
    "deep page by number": LOGS + "&page={page}",
    "one action": LOGS + "&action_type=container.restart",
    "one action in one week": LOGS
    + "&action_type=container.restart&start_date={since}&end_date={until}",
    "what failed in one week": LOGS + "&status=failed&start_date={since}&end_date={until}",
    "a rare target": LOGS + "&target_name=container-7",
    "console": LIST,
    "console, one action in one week": LIST
    + "action=container.restart&since={since}&until={until}",
}


def main() -> None:
    """Prints one JSON object: page → size → [milliseconds, queries]."""
    with tempfile.TemporaryDirectory(prefix="siteflow-bench-") as folder:
        os.environ["DJANGO_SETTINGS_MODULE"] = "siteflow.settings"
        os.environ["SITEFLOW_DATA_DIR"] = folder
        os.environ["ALLOWED_HOSTS"] = "testserver"
        os.environ["SITEFLOW_ADMIN_PASSWORD"] = "bench"
        import django

        django.setup()
        clients = {size: _prepared(size) for size in SIZES}
        print(json.dumps({page: _in_turn(clients, page) for page in PAGES} | _costs()))


def _prepared(size: int) -> Client:
    """A database with so many entries, and somebody logged in to it."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    if connection.vendor == "postgresql":
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS audit_bench_{size}")
            cursor.execute(f"CREATE DATABASE audit_bench_{size}")
    _use(size)
    call_command("prepare", stdout=sys.stderr)
    client = Client()
    client.force_login(User.objects.get(username="admin"))
    _fill(size)
    return client


def _use(size: int) -> None:
    """From now on the database and the data folder of that size."""
    from django.conf import settings
    from django.db import connection

    connection.close()
    settings.DATA_DIR = Path(os.environ["SITEFLOW_DATA_DIR"]) / str(size)
    settings.DATA_DIR.mkdir(exist_ok=True)
    is_file = connection.vendor == "sqlite"
    name = str(settings.DATA_DIR / "siteflow.sqlite3") if is_file else f"audit_bench_{size}"
    connection.settings_dict["NAME"] = name


def _fill(size: int) -> None:
    """As `record` would, but in bulk: so without the triggers, which ask for one at a time."""
    from django.db import connection
    from django.utils import timezone

    from audit import copy, guard
    from audit.models import Entry, Head

    guard.remove(connection)
    Entry.objects.all().delete()
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
        # what autovacuum does by itself, in its own time
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


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


def _in_turn(clients: dict[int, Client], page: str) -> dict[int, list[float]]:
    """One request to one size, one to the other, again and again: both see the same machine."""
    taken: dict[int, list[float]] = {size: [] for size in clients}
    for _ in range(ROUNDS):
        for size, client in clients.items():
            _use(size)
            path = _path(page, size)
            _get(client, path)  # a new connection plans everything anew
            taken[size].append(_ms(lambda: _get(client, path)))  # noqa: B023
    return {size: [_median(taken[size]), _queries(page, size, clients[size])] for size in clients}


def _path(page: str, size: int) -> str:
    from audit.models import Entry

    middle = Entry.objects.get(id=size // 2).at
    return PAGES[page].format(
        third=size // 3,
        page=size // 75,
        since=f"{middle:%Y-%m-%d}",
        until=f"{middle + timedelta(days=6):%Y-%m-%d}",
    )


def _queries(page: str, size: int, client: Client) -> float:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    _use(size)
    path = _path(page, size)
    with CaptureQueriesContext(connection) as queries:
        _get(client, path)
    return float(len(queries))


def _get(client: Client, path: str) -> None:
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code}")


def _costs() -> dict[str, dict[int, list[float]]]:
    """All entries copied to JSON lines, one recorded with all that follows, all verified."""
    costs: dict[str, dict[int, list[float]]] = {"copy": {}, "record": {}, "verify": {}}
    for size in SIZES:
        _use(size)
        costs["copy"][size] = [_ms(_copy), 0]
        costs["record"][size] = [_median([_ms(_record) for _ in range(ROUNDS * 4)]), 0]
        costs["verify"][size] = [_ms(_verify), 0]
    return costs


def _copy() -> None:
    from audit import copy

    copy.sync()


def _record() -> None:
    from audit.record import Actor, record

    actor = Actor.system("benchmark")
    record(phase="event", action="host.test", status="succeeded", actor=actor)


def _verify() -> None:
    from audit.chain import verify

    verdict = verify()
    if not verdict.ok:
        raise RuntimeError(verdict.reason)


def _ms(call: Callable[[], None]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def _median(samples: list[float]) -> float:
    return sorted(samples)[len(samples) // 2]


if __name__ == "__main__":
    main()
