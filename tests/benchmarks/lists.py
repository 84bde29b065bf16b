"""Lists of 10,000 containers on 100 hosts against the same with 100. Run by `__main__` per engine.

Server time of the application itself, in one process, page by page in turn.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from datetime import timedelta
from typing import Any

PAGES = {"api": "/api/containers?page_size=50", "console": "/admin/sites/container/"}
ROUNDS = 15
WARM_UP = 5
SCOPED_HOSTS = 50


def main() -> None:
    """Prints one JSON object: page → size, or "scoped" → [milliseconds, queries]."""
    with tempfile.TemporaryDirectory(prefix="siteflow-bench-") as folder:
        print(json.dumps(_figures(folder)))


def _figures(folder: str) -> dict[str, dict[str, list[float]]]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "siteflow.settings"
    os.environ["SITEFLOW_DATA_DIR"] = folder
    os.environ["SITEFLOW_RATE_USER"] = "0"
    os.environ["ALLOWED_HOSTS"] = "testserver"
    os.environ["SITEFLOW_ADMIN_PASSWORD"] = "bench"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("prepare", stdout=sys.stderr)
    figures: dict[str, dict[str, list[float]]] = {page: {} for page in PAGES}
    for size in (100, 10_000):
        _fill(size)
        for page, path in PAGES.items():
            figures[page][str(size)] = _measure(path, "admin")
    _scope()
    for page, path in PAGES.items():
        figures[page]["scoped"] = _measure(path, "scoped")
    return figures


def _scope() -> None:
    """An account with a role for each of some hosts: for half of all containers."""
    from django.contrib.auth.models import Group, User

    from sites.models import Grant, Host

    viewer, user = Group.objects.get(name="viewer"), User.objects.create(username="scoped")
    for host in Host.objects.all()[:SCOPED_HOSTS]:
        Grant.objects.create(role=viewer, user=user, host=host)


def _fill(size: int) -> None:
    from django.utils import timezone

    from sites.models import Container, Host

    now = timezone.now() + timedelta(minutes=30)  # stays fresh while we measure
    hosts = [
        Host.objects.get_or_create(
            name=f"recorded-{number}",
            defaults={"state": Host.State.REACHABLE, "inventory_at": now, "address": "192.0.2.1"},
        )[0]
        for number in range(100)
    ]
    have = Container.objects.count()
    Container.objects.bulk_create(
        Container(
            host=hosts[number % 100],
            docker_id=f"{number:064x}",
            name=f"site{number // 3}-{('web', 'db', 'cron')[number % 3]}-1",
            image="nginx:1.27",
            state="running" if number % 7 else "exited",
            state_since=now,
            observed_at=now,
            source="read",
            ports=[
                {"private": 80, "protocol": "tcp", "public": 8000 + number % 999, "address": ""}
            ],
        )
        for number in range(have, size)
    )


def _measure(path: str, username: str) -> list[float]:
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(get_user_model().objects.get(username=username))
    for _ in range(WARM_UP):
        _timed(client, path)
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


if __name__ == "__main__":
    main()
