"""A terminal in a real browser: opened, resized, closed, and replayed from its audit entry."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.console import opened
from tests.e2e.test_graph import POLICY
from tests.lab import Lab
from tests.monitoring.waiting import until
from tests.siteflow.terminals.coming import back_to, come_and_go, container, held
from tests.stack import Client, Stack

pytestmark = pytest.mark.e2e


def seen(page: Page) -> str:
    """What the terminal shows."""
    return page.locator(".xterm-rows").inner_text().replace("\xa0", " ")


def picture(page: Page, name: str) -> None:
    """With PICTURES=<folder>, to look at."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_from_the_first_key_to_the_replay(
    browser: Browser, console: Stack, admin_client: Client, lab: Lab
) -> None:
    page = opened(browser, console.url, viewport={"width": 1280, "height": 860})
    page.add_init_script(POLICY)
    heard: list[str] = []
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    key = container(admin_client, lab.web1)
    page.goto(f"{console.url}/admin/sites/container/{key}/change/?tab=terminal")
    page.get_by_role("button", name="Open").click()
    expect(page.locator("[data-terminal-state]")).to_have_text("/bin/sh runs")
    page.keyboard.type("stty size; echo ready-$((1+1))\n")
    until(lambda: "ready-2" in seen(page))
    before = seen(page)
    page.keyboard.type("top\n")
    until(lambda: "Mem:" in seen(page) and "COMMAND" in seen(page))
    picture(page, "terminal")
    page.set_viewport_size({"width": 800, "height": 700})
    page.keyboard.press("q")
    page.keyboard.type("clear; stty size; echo resized-$((1+1))\n")
    until(lambda: "resized-2" in seen(page))
    assert seen(page).split("resized-2")[0] != before
    page.keyboard.press("Control+F6")
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[data-terminal-state]")).to_contain_text("Ended")
    replayed(page, console)
    assert heard == []
    assert page.evaluate("window.violations ?? []") == []
    page.context.close()


def replayed(page: Page, console: Stack) -> None:
    page.set_viewport_size({"width": 1280, "height": 860})
    page.goto(f"{console.url}/admin/audit/entry/?action=container.exec")
    page.locator("tbody th a", has_text="container.exec").first.click()
    page.get_by_role("link", name="Replay").click()
    expect(page.get_by_role("button", name="Play")).to_be_enabled()
    seek = page.locator("[data-replay-seek]")
    seek.focus()
    page.keyboard.press("End")
    until(lambda: "resized-2" in seen(page))
    page.keyboard.press("Home")
    until(lambda: "resized-2" not in seen(page))
    page.locator("[data-replay-speed]").select_option("16")
    page.get_by_role("button", name="Play").click()
    until(lambda: "resized-2" in seen(page))
    picture(page, "replay")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert Path(download.value.path()).read_text().startswith('{"version": 2')


def test_a_host_terminal_on_which_somebody_looks(
    browser: Browser, console: Stack, admin_client: Client, lab: Lab
) -> None:
    page, other = opened(browser, console.url), opened(browser, console.url)
    other.add_init_script(POLICY)
    (host,) = admin_client.get("/hosts", search="web1")["items"]
    tab = f"{console.url}/admin/sites/host/{host['id']}/change/?tab=terminal"
    page.goto(tab)
    page.get_by_role("button", name="Open").click()
    expect(page.locator("[data-terminal-state]")).to_have_text("login shell runs")
    page.keyboard.type("echo on-$(hostname)-$((40+2))\n")
    until(lambda: "on-web1-42" in seen(page))
    other.goto(tab)
    other.get_by_role("link", name="Look on").first.click()
    expect(other.locator("[data-watch-state]")).to_have_text("Live, admin's terminal")
    until(lambda: "on-web1-42" in seen(other))
    expect(page.locator("[data-terminal-notice]")).to_have_text("admin looks on.")
    other.locator("[data-watch-space]").click()
    other.keyboard.type("echo not-$((1+1))\n")
    page.locator("[data-terminal-space]").click()
    page.keyboard.type("echo next-$((40+3)); exit\n")
    until(lambda: "next-43" in seen(other))
    assert "not-" not in seen(other)
    expect(other.locator("[data-watch-state]")).to_have_text("The terminal has ended")
    picture(other, "watch")
    assert other.evaluate("window.violations ?? []") == []
    page.context.close()
    other.context.close()


def test_who_comes_and_goes_leaves_nothing(console: Stack, admin_client: Client, lab: Lab) -> None:
    key = container(admin_client, lab.web1)
    come_and_go(admin_client, key, 8)  # connections that are kept are there then
    before = held(console, lab.web1)
    come_and_go(admin_client, key, 12)
    back_to(before, console, lab.web1, slack=12)  # other tests' pages come and go, too
