"""Adding a real host step by step: with a mouse and JavaScript, and with neither."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.console import opened
from tests.lab import Lab
from tests.stack import PASSWORD, Stack, stack

pytestmark = [pytest.mark.e2e, pytest.mark.lab]
SOON_MS = 30_000


@pytest.fixture(scope="module")
def empty() -> Iterator[Stack]:
    with stack() as running:
        yield running


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile(name)).first.click()


def fill_in(page: Page, lab: Lab, name: str) -> None:
    page.locator("#id_name").fill(name)
    page.locator("#id_username").fill(lab.web1.user)
    page.locator("#id_address").fill(lab.web1.address)
    page.locator("#id_port").fill(str(lab.web1.port))
    page.keyboard.press("Enter")


def test_a_generated_key_pasted_on_the_host_and_the_page_that_follows_by_itself(
    browser: Browser, empty: Stack, lab: Lab
) -> None:
    keys = lab.web1.path("/root/.ssh/authorized_keys")
    before = keys.read_bytes()
    page = opened(browser, empty.url)
    page.get_by_role("link", name="Add a host").click()
    fill_in(page, lab, "web1")
    expect(page.locator("[aria-current=step]")).to_contain_text("Authentication")
    press(page, "^Next")
    line = page.locator(".copy code").first.inner_text()
    assert lab.web1.ssh(line).returncode == 0  # as a person would: paste it into a shell
    press(page, "Test")
    expect(page.locator("code.fingerprint")).to_have_text(lab.web1.fingerprint)
    press(page, "^Same fingerprint")
    expect(page.get_by_text("SiteFlow is let in to web1.")).to_be_visible()
    press(page, "^Next")
    expect(page.get_by_text("Docker answers on web1.")).to_be_visible()
    press(page, "^Next")
    press(page, "^Add web1")
    expect(page.locator("h1").get_by_text(re.compile("reachable"))).to_be_visible()
    assert keys.read_bytes().startswith(before)
    keys.write_bytes(before)
    page.context.close()


def test_without_javascript_by_keyboard_on_a_phone(
    browser: Browser, empty: Stack, lab: Lab
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{empty.url}/admin/login/?next=/admin/sites/host/set-up/")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    fill_in(page, lab, "web1b")
    page.locator("input[name=auth][value=key]").check()
    page.locator("#id_private_key").fill(lab.web1.private_key)
    press(page, "^Next")
    press(page, "Test")
    expect(page.locator("code.fingerprint")).to_have_text(
        lab.web1.fingerprint
    )  # the page reads itself anew
    press(page, "^Same fingerprint")
    expect(page.get_by_text("SiteFlow is let in to web1b.")).to_be_visible()
    press(page, "^Next")
    press(page, "^Next")
    press(page, "^Add web1b")
    expect(page.locator("h1")).to_contain_text("web1b")
    context.close()
