"""The graph of 500 sites with 2,000 containers: CPU of the server, time of a browser to lay it out.

`python -m tests.benchmarks graph`. Compared with a tenth of it; what a browser needs depends on
the machine and is only printed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any, Final

from tests.benchmarks.figures import Figure, median
from tests.stack import PASSWORD, Stack, database_of_its_own, stack

if TYPE_CHECKING:
    from django.test import Client
    from playwright.sync_api import Page

SITES: Final = 500
FEW: Final = 50
ROUNDS: Final = 5
LAYOUTS: Final = 3
PATHS: Final = {
    "grouped": "/api/graph?grouped=true",
    "everything": "/api/graph?grouped=false",
    "one site": "/api/graph?site=1",
    "page": "/admin/graph/",
}
FILL: Final = "from tests.benchmarks.graph import fill; fill({sites})"
LAID: Final = "performance.getEntriesByName('graph-layout').map((one) => one.duration)"


def figures(engine: str, variables: dict[str, str]) -> list[Figure]:
    """A browser knows of no database: it lays out once, whatever else is measured."""
    laid = [] if variables else _laid(engine)
    return [*_served(engine, variables), *laid]


def _served(engine: str, variables: dict[str, str]) -> list[Figure]:
    with database_of_its_own(variables.get("DATABASE_URL")) as own:
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.graph"],
            env={**os.environ, **variables, **own},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    found = []
    for path, (few_ms, few, many_ms, many) in json.loads(done.stdout).items():
        name = f"graph of 2,000 containers, {path}"
        found += [
            Figure(f"{name}, CPU", engine, many_ms, "ms", f"{few_ms:.0f} ms with 200"),
            Figure(f"{name}, CPU", engine, many_ms / few_ms, "x", "the same with 200", 10),
            Figure(f"{name}, queries more", engine, many - few, "", f"{few:.0f} with 200", 0),
        ]
    return found


def _laid(engine: str) -> list[Figure]:
    with stack() as running:
        monitors = running.processes("monitor")
        for pid in monitors:  # nothing answers for these hosts
            os.kill(pid, signal.SIGSTOP)
        try:
            running.manage("shell", "-c", FILL.format(sites=SITES))
            return _layouts(running, engine)
        finally:
            for pid in monitors:
                os.kill(pid, signal.SIGCONT)


_WAYS: Final = (
    ("500 sites, collapsed", ""),
    ("one host, everything on it", "?host=bench00&grouped=false"),
    ("4,500 nodes, everything", "?grouped=false"),
)


def _layouts(running: Stack, engine: str) -> list[Figure]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(f"{running.url}/admin/login/")
        page.locator("input[name=username]").fill("admin")
        page.locator("input[name=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("#link-state")
        found = [_layout(page, f"{running.url}/admin/graph/", engine, *way) for way in _WAYS]
        browser.close()
    return found


def _layout(page: Page, url: str, engine: str, what: str, query: str) -> Figure:
    taken = []
    for _ in range(LAYOUTS):
        page.goto(f"{url}{query}")
        page.wait_for_selector("#graph[data-nodes]", timeout=120_000)
        taken += page.evaluate(LAID)[:1]
    nodes = page.get_attribute("#graph", "data-nodes")
    return Figure(f"layout in Chromium, {what}", engine, median(taken), "ms", f"{nodes} nodes")


def main() -> None:
    """Prints one JSON object: way → milliseconds and queries with few sites and with many."""
    with tempfile.TemporaryDirectory(prefix="siteflow-bench-") as folder:
        print(json.dumps(_measured(folder)))


def _measured(folder: str) -> dict[str, list[float]]:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "siteflow.settings", "SITEFLOW_DATA_DIR": folder,
        "SITEFLOW_RATE_USER": "0", "ALLOWED_HOSTS": "testserver",
        "SITEFLOW_ADMIN_PASSWORD": "bench",
    }  # fmt: skip
    import django

    django.setup()
    from django.core.management import call_command

    call_command("prepare", stdout=sys.stderr)
    import siteflow.asgi  # noqa: F401  (as in the web process: what is loaded is never walked again)

    found: dict[str, list[float]] = {path: [] for path in PATHS}
    for sites in (FEW, SITES):
        fill(sites)
        for name, path in PATHS.items():
            found[name] += _measure(path)
    return found


def _measure(path: str) -> list[float]:
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(get_user_model().objects.get(username="admin"))
    client.get(path)
    taken = [_cpu_ms(client, path) for _ in range(ROUNDS)]
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return [median(taken), float(len(queries))]


def _cpu_ms(client: Client, path: str) -> float:
    """Of this process, so that others on the machine make no difference."""
    began = time.process_time()
    assert client.get(path).status_code == 200
    return 1000 * (time.process_time() - began)


def fill(sites: int) -> None:
    """Sites of four containers, each with a domain, a network and a volume, on 20 hosts."""
    from datetime import timedelta

    from django.utils import timezone

    from provisioning.models import Proxy
    from sites.models import Container, Domain, Host, Site

    now = timezone.now() + timedelta(hours=1)  # stays fresh while we measure
    told: dict[str, Any] = {"state": "reachable", "inventory_at": now, "address": "192.0.2.1",
                            "username": "root"}  # fmt: skip
    hosts = [Host.objects.get_or_create(name=f"bench{n:02}", defaults=told)[0] for n in range(20)]
    for host in hosts:
        Proxy.objects.get_or_create(host=host)
    have = Site.objects.count()
    Site.objects.bulk_create(
        Site(host=hosts[n % 20], project=f"site{n}", name=f"site{n}") for n in range(have, sites)
    )
    rows = list(Site.objects.order_by("pk"))[have:]
    Domain.objects.bulk_create(
        Domain(site=one, host_id=one.host_id, name=f"{one.name}.example.com") for one in rows
    )
    Container.objects.bulk_create(
        Container(
            host_id=one.host_id, site=one, docker_id=f"{one.pk:032x}{place:032x}",
            name=f"{one.name}-{part}-1", image="nginx:1.27", state="running", state_since=now,
            observed_at=now, source="read", compose_project=one.project, compose_service=part,
            attached={"networks": [f"{one.name}_default", "siteflow_proxy"],
                      "volumes": [f"{one.name}_db"] if part == "db" else [],
                      "needs": ["db"] if part == "web" else []},
        )
        for one in rows
        for place, part in enumerate(("web", "db", "cron", "cache"))
    )  # fmt: skip


if __name__ == "__main__":
    main()
