"""A console in a browser, and the looks in which each page must be well."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.stack import PASSWORD

LOOKS: tuple[dict[str, Any], ...] = (
    {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
    {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
)
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def logged_in(browser: Browser, url: str, *, to: str = "", **look: Any) -> Page:
    """On its way to ``to``, a path of the console."""
    page = browser.new_context(**look).new_page()
    page.goto(f"{url}/admin/login/{f'?next={to}' if to else ''}")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    return page


def opened(browser: Browser, url: str, **look: Any) -> Page:
    page = logged_in(browser, url, **look)
    expect(page.locator("h1")).to_have_text("Overview")
    expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    return page
