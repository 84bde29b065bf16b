"""Pages full of the hostile corpus in a real browser: nothing of it runs or is reported."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog

from tests.e2e.console import opened
from tests.stack import Stack, stack

pytestmark = pytest.mark.e2e
ROWS = """
from django.utils import timezone
from provisioning import inventory
from provisioning.drivers.hostile import storable
from provisioning.drivers.keys import generate_ed25519
from sites.models import Container, Host
from tests.hostile.corpus import Corpus
from tests.hostile.test_from_hosts import said
now = timezone.now()
evil = "<script>window.hacked=1</script>"
host = Host.objects.create(
    name="evil", connection="ssh", address="192.0.2.7", username="root", error=evil, advice=evil,
    state="reachable", inventory_at=now, host_key=generate_ed25519("").public_line)
texts = [text for text in Corpus().texts if len(text) < 5000 and storable(text, limit=9)]
seen = [said(number, text) for number, text in enumerate(texts)]
host.facts = {"hostname": evil, "os_name": evil, "kernel": evil}
host.services = [{"name": text[:99], "load": "loaded", "active": "active", "sub": "running",
                  "description": storable(text, limit=255)} for text in texts if "\\0" not in text
                  and text.isprintable()]
host.facts_at = host.services_at = now
host.save()
inventory.apply_all(host, seen, at=now)
"""


@pytest.fixture(scope="module")
def evil_console() -> Iterator[Stack]:
    with stack() as running:
        running.manage("shell", "-c", ROWS)
        yield running


def test_nothing_a_host_says_runs(browser: Browser, evil_console: Stack) -> None:
    page = opened(browser, evil_console.url)
    heard: list[str] = []
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))

    def closed(dialog: Dialog) -> None:
        heard.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", closed)
    keys = [row["id"] for row in evil_console.client().get("/containers", page_size=500)["items"]]
    paths = [f"sites/container/?p={number}" for number in range(1, len(keys) // 50 + 2)]
    paths += [f"sites/container/{key}/change/" for key in keys[:: max(1, len(keys) // 20)]]
    host = "sites/host/1/change/"
    paths += ["", "sites/site/", "sites/host/", host, f"{host}?tab=services"]
    paths += [f"{host}?tab=containers"]
    assert len(paths) >= 26
    for path in paths:
        answer = page.goto(f"{evil_console.url}/admin/{path}")
        page.wait_for_load_state("load")
        assert answer is not None and answer.ok, path
        assert heard == [], path
        assert page.evaluate("window.hacked") is None, path
    page.context.close()
