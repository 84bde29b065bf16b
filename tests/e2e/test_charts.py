"""Charts in a real browser: drawn, read with mouse and keyboard, and fed by a real host."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from tests.e2e.console import opened
from tests.monitoring.waiting import until
from tests.stack import Client, Stack

pytestmark = pytest.mark.e2e

_DRAWN = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value) => value > 0);
}"""


def chart(page: Page, key: str) -> Any:
    return page.locator(f"[data-chart={key}]")


def test_a_chart_is_drawn_read_and_moved_back_in_time(
    browser: Browser, full_console: Stack
) -> None:
    page = opened(browser, full_console.url)
    page.goto(f"{full_console.url}/admin/sites/container/2/change/?tab=metrics")
    cpu = chart(page, "cpu")
    expect(cpu).to_be_visible()
    until(lambda: cpu.locator("canvas").evaluate(_DRAWN))
    expect(cpu.locator("dd")).to_contain_text("%")
    # the restart that was asked for when the rows were made stands at the right end
    expect(page.locator("[data-mark]")).to_contain_text("Restart shop-service-1")
    plot = cpu.locator(".u-over").bounding_box()
    assert plot
    page.mouse.move(plot["x"] + plot["width"] / 2, plot["y"] + 40)
    expect(cpu.locator("[data-chart-at]")).to_contain_text(":")
    expect(chart(page, "memory").locator("[data-chart-at]")).to_contain_text(":")  # all together
    expect(cpu.locator("[data-chart-at]")).not_to_contain_text("Restart")
    page.get_by_role("link", name="7 days").click()
    expect(page.locator("[data-range='7d']")).to_have_attribute("aria-current", "true")
    assert page.url.endswith("range=7d")
    page.go_back()
    expect(page.locator("[data-range='1h']")).to_have_attribute("aria-current", "true")
    cpu.locator("[data-plot]").focus()
    page.keyboard.press("End")
    expect(cpu.locator("[role=status]")).to_contain_text("CPU")
    page.context.close()


def test_words_of_a_mark_come_when_the_pointer_is_near(
    browser: Browser, full_console: Stack
) -> None:
    page = opened(browser, full_console.url)
    page.goto(f"{full_console.url}/admin/sites/container/2/change/?tab=metrics&range=24h")
    cpu = chart(page, "cpu")
    expect(cpu).to_be_visible()
    plot = cpu.locator(".u-over").bounding_box()
    assert plot
    page.mouse.move(plot["x"] + plot["width"] - 2, plot["y"] + 40)
    expect(cpu.locator("[data-chart-at]")).to_contain_text("Restart shop-service-1")
    page.context.close()


def test_without_a_script_there_is_the_table(browser: Browser, full_console: Stack) -> None:
    state = opened(browser, full_console.url)
    kept = state.context.storage_state()
    state.context.close()
    page = browser.new_context(java_script_enabled=False, storage_state=kept).new_page()
    page.goto(f"{full_console.url}/admin/sites/container/2/change/?tab=metrics")
    expect(page.locator("[data-chart]").first).to_be_hidden()
    page.get_by_text("The same numbers as a table").click()
    expect(page.locator(".chart-table tbody")).to_contain_text("%")
    page.context.close()


@pytest.mark.lab
def test_points_arrive_while_one_looks(
    browser: Browser, console: Stack, admin_client: Client
) -> None:
    until(lambda: key_of(admin_client, "legacy"), timeout_s=60)
    page, told = opened(browser, console.url), list[str]()

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda text: told.append(str(text)))

    page.on("websocket", listen)
    key = key_of(admin_client, "legacy")
    page.goto(f"{console.url}/admin/sites/container/{key}/change/?tab=metrics")
    expect(page.locator("[data-charts-state]")).to_have_text("Live, every second")
    expect(chart(page, "memory").locator("dd").first).to_contain_text("iB")
    deadline = time.monotonic() + 30
    while sum("metrics.update" in text for text in told) < 3:
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)  # lets the browser's own messages be heard
    page.context.close()


def key_of(client: Client, name: str) -> int | None:
    items = client.get("/containers", page_size=500)["items"]
    return next((each["id"] for each in items if each["name"] == name), None)
