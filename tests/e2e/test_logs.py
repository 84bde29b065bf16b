"""A log in a real browser: followed through a cut of the network, searched, and never run."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.console import opened
from tests.e2e.relay import relay
from tests.e2e.test_graph import POLICY
from tests.e2e.test_terminals import picture
from tests.lab import Lab
from tests.lab.images import BUSYBOX
from tests.monitoring.waiting import until
from tests.stack import Client, Stack

pytestmark = pytest.mark.e2e

CUT_S = float(os.environ.get("CUT_S", "3"))
WRITES = r"""
printf '\033[31mERROR\033[0m <img src=x onerror=window.hacked=1> \033]0;title\007end\n'
i=0; while true; do printf 'line %06d\n' $i; i=$((i+1)); usleep 50000; done
"""


def numbers(page: Page) -> list[int]:
    texts: list[str] = page.locator("[data-logs] li .said").all_text_contents()
    return [int(text.split()[1]) for text in texts if text.startswith("line ")]


def key_of(client: Client, name: str) -> int:
    found: list[Any] = []

    def known() -> bool:
        found[:] = client.get("/containers", host="web1", search=name)["items"]
        return bool(found)

    until(known)
    return int(found[0]["id"])


def test_through_a_cut_nothing_is_missing(
    browser: Browser, console: Stack, admin_client: Client, lab: Lab
) -> None:
    lab.web1.docker("run", "-d", "--name", "talks", BUSYBOX, "sh", "-c", WRITES)
    try:
        with relay(console.port) as between:
            page = opened(browser, between.url, viewport={"width": 1280, "height": 860})
            page.add_init_script(POLICY)
            key = key_of(admin_client, "talks")
            page.goto(f"{between.url}/admin/sites/container/{key}/change/?tab=logs")
            expect(page.locator("[data-logs-state]")).to_have_text("Live")
            until(lambda: len(numbers(page)) > 20)
            red = page.locator("[data-logs] li").first
            expect(red.locator(".ansi-front-1")).to_have_text("ERROR")
            expect(red.locator(".said")).to_contain_text("<img src=x onerror=window.hacked=1> end")
            assert page.evaluate("window.hacked") is None
            picture(page, "log")
            through_a_cut(page, between)
            search_and_pause(page)
            assert page.evaluate("window.violations ?? []") == []
            page.context.close()
    finally:
        lab.web1.docker("rm", "-f", "talks")


def through_a_cut(page: Page, between: Any) -> None:
    between.cut()
    expect(page.locator("[data-logs-state]")).to_contain_text("Connection lost")
    last = numbers(page)[-1]
    time.sleep(CUT_S)  # what is written meanwhile is what this is about
    between.heal()
    expect(page.locator("[data-logs-state]")).to_have_text("Live")
    until(lambda: numbers(page)[-1] > last + 20 * CUT_S / 2)
    found = numbers(page)
    assert found == list(range(found[0], found[-1] + 1))


def search_and_pause(page: Page) -> None:
    page.get_by_label("Only lines with this text").fill("00001")
    until(lambda: 0 < len(numbers(page)) <= 11)  # 1 and 10 to 19
    expect(page.locator("[data-logs] mark").first).to_have_text("00001")
    picture(page, "log-search")
    page.get_by_label("Only lines with this text").fill("")
    until(lambda: len(numbers(page)) > 50)
    page.get_by_role("button", name="Hold the view").click()
    shown = len(numbers(page))
    expect(page.locator("[data-logs-new]")).to_be_visible()
    expect(page.locator("[data-logs-new]")).to_contain_text("new line")
    assert len(numbers(page)) == shown
    page.locator("[data-logs-new]").click()
    until(lambda: len(numbers(page)) > shown)
