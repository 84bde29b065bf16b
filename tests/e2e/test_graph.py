"""The graph in a real browser: drawn, searched, walked by keyboard, kept true without moving."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.console import opened
from tests.stack import Stack, stack

pytestmark = pytest.mark.e2e

ROWS = """
from datetime import timedelta
from django.utils import timezone
from sites.models import Container, Domain, Host, Site
from provisioning.models import Proxy
now = timezone.now()
evil = '"><script>window.hacked=1</script><img src=x onerror="window.hacked=1">'
host = Host.objects.create(name="web1", state="reachable", connection="ssh", address="192.0.2.7",
    username="root", inventory_at=now + timedelta(hours=1), error=evil)
Proxy.objects.create(host=host)
common = {"host": host, "state_since": now, "observed_at": now, "source": "event"}
site = Site.objects.create(host=host, project="shop", name=evil)
Domain.objects.create(site=site, host=host, name="shop.example.com")
for number, name in enumerate(("web", "db")):
    Container.objects.create(docker_id=f"{number:064x}", name=f"shop-{name}-1", image=evil,
        state="running", site=site, compose_project="shop", compose_service=name,
        attached={"networks": [evil, "shop_default"], "volumes": [evil],
                  "needs": ["db"] if name == "web" else []}, **common)
Container.objects.create(docker_id="f" * 64, name="caddy", state="running", **common)
"""
END_ONE = """
from django.utils import timezone
from provisioning import inventory
from provisioning.drivers.containers import ContainerState
from sites import live
from sites.models import Container
row = Container.objects.get(name="shop-db-1")
labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "db"}
seen = ContainerState(row.docker_id, row.name, row.image, "", "exited", exit_code=1, labels=labels,
    networks=("shop_default",))
inventory.apply_one(row.host, seen, at=timezone.now())
live.flush()
"""
AT = """() => Object.fromEntries(document.querySelector("#graph")._cyreg.cy.nodes().map(
    (node) => [node.id(), [node.position("x"), node.position("y")]]))"""
STATE = """(name) => document.querySelector("#graph")._cyreg.cy.nodes().filter(
    (node) => node.data("name") === name).first().data("state")"""
POLICY = """document.addEventListener("securitypolicyviolation",
    (event) => (window.violations ??= []).push(event.violatedDirective))"""


@pytest.fixture(scope="module")
def console() -> Iterator[Stack]:
    """The monitor would find that nothing answers for these rows, so it stands still."""
    with stack() as running:
        monitors = running.processes("monitor")
        for pid in monitors:
            os.kill(pid, signal.SIGSTOP)
        running.manage("shell", "-c", ROWS)
        yield running
        for pid in monitors:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def page(browser: Browser, console: Stack) -> Iterator[Page]:
    page = opened(browser, console.url, viewport={"width": 1280, "height": 860})
    page.add_init_script(POLICY)
    heard: list[str] = []
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.goto(f"{console.url}/admin/graph/")
    expect(page.locator("#graph")).to_have_attribute("data-nodes", "10")
    yield page
    assert heard == []
    assert page.evaluate("[window.hacked, window.violations]") == [None, None]
    page.context.close()


def choose(page: Page, name: str) -> None:
    page.get_by_label("Find in the graph").fill(name)
    page.keyboard.press("Enter")
    expect(page.locator("#graph-panel h2")).to_contain_text(name)


def test_it_is_found_by_name_and_tells_what_breaks(page: Page) -> None:
    choose(page, "shop-db-1")
    panel = page.locator("#graph-panel")
    expect(panel.locator("[data-panel-state]")).to_contain_text("running")
    expect(panel.locator("[data-panel-impact]")).to_contain_text("shop-web-1")
    expect(panel.get_by_role("button", name="Restart")).to_be_visible()
    hit = "document.querySelector('#graph')._cyreg.cy.nodes('.affected').length"
    assert page.evaluate(hit) == 3
    expect(page.locator("tr[data-node]:visible")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_names_from_hosts_are_only_text(page: Page) -> None:
    choose(page, '"><script>')
    expect(page.locator("#graph-panel script, #graph-panel img")).to_have_count(0)


def test_the_keyboard_goes_to_neighbours_and_opens(page: Page) -> None:
    choose(page, "shop-web-1")
    heading = page.locator("#graph-panel h2")
    page.keyboard.press("ArrowDown")
    expect(heading).not_to_have_text("shop-web-1")
    page.keyboard.press("ArrowUp")
    expect(heading).to_have_text("shop-web-1")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#graph-panel")).to_contain_text("Needed by")
    expect(heading).not_to_have_text("shop-web-1")
    choose(page, "shop-web-1")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("shop-web-1")


def test_a_change_is_shown_where_the_node_is(page: Page, console: Stack) -> None:
    expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    before: dict[str, Any] = page.evaluate(AT)
    row = page.locator("tr[data-node]", has=page.locator("th", has_text="shop-db-1"))
    expect(row.locator("[data-cell=state]")).to_contain_text("running")
    console.manage("shell", "-c", END_ONE)
    expect(row.locator("[data-cell=state]")).to_contain_text("exited")
    assert page.evaluate(STATE, "shop-db-1") == "exited"
    after: dict[str, Any] = page.evaluate(AT)
    assert {key: after[key] for key in before if key in after} == {
        key: before[key] for key in before if key in after
    }
    expect(page.locator("#graph")).to_have_attribute("data-layouts", "1")


def test_without_script_it_is_a_table(browser: Browser, console: Stack) -> None:
    with_script = opened(browser, console.url)
    cookies = with_script.context.cookies()
    with_script.context.close()
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{console.url}/admin/graph/?host=web1")
    expect(page.locator("[data-graph-card]")).to_be_hidden()
    expect(page.locator("tr[data-node]", has_text="caddy").first).to_contain_text("web1")
    context.close()
