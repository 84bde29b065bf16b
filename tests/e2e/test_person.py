"""The main job as a person does it, in a browser, against real hosts."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.lab import Lab
from tests.stack import PASSWORD, Stack, stack

pytestmark = [pytest.mark.lab, pytest.mark.e2e]
SOON_MS = 30_000


@pytest.fixture(scope="module")
def empty_console(lab: Lab) -> Iterator[Stack]:
    """A SiteFlow nobody has used yet."""
    with stack() as running:
        yield running


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(SOON_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, complaints: list[str]) -> Iterator[Page]:
    page = context.new_page()

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == [], "the browser complained, or the content security policy did"


@pytest.fixture
def complaints() -> list[str]:
    return []


def log_in(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/login/")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_title(re.compile("^Overview"))


def test_from_the_first_login_to_the_audit_entry(
    page: Page, empty_console: Stack, lab: Lab
) -> None:
    log_in(page, empty_console.url)
    _add_host(page, empty_console.url, lab)
    _approve_its_key(page, lab)
    _watch_a_container_change_by_itself(page, empty_console.url, lab)
    _restart_it_and_watch(page)
    _see_it_on_record(page, empty_console.url)


def _add_host(page: Page, url: str, lab: Lab) -> None:
    page.goto(f"{url}/admin/sites/host/add/")
    page.locator("#id_name").fill("web1")
    page.locator("#id_username").fill(lab.web1.user)
    page.locator("#id_address").fill(lab.web1.address)
    page.locator("#id_port").fill(str(lab.web1.port))
    page.locator("input[name=auth][value=key]").check()
    page.locator("#id_private_key").fill(lab.web1.private_key)
    page.locator("main button[type=submit].primary").click()
    expect(page).to_have_title(re.compile("^web1"))
    assert "PRIVATE KEY" not in page.content()


def _approve_its_key(page: Page, lab: Lab) -> None:
    """First contact has shown a key; nothing more has been sent."""
    expect(page.get_by_text(lab.web1.fingerprint).first).to_be_visible()
    page.get_by_role("button", name=re.compile("^Approve")).click()
    expect(page.locator("h1, .title").get_by_text(re.compile("reachable")).first).to_be_visible()


def _watch_a_container_change_by_itself(page: Page, url: str, lab: Lab) -> None:
    open_list(page, f"{url}/admin/sites/container/?q=legacy")
    legacy = page.locator("tr[data-id]", has_text="legacy")
    expect(legacy).to_have_attribute("data-state", "running")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.evaluate("window.notReloaded = true")
    lab.web1.docker("stop", "--time", "5", "legacy")
    expect(legacy).to_have_attribute("data-state", "exited")
    lab.web1.docker("start", "legacy")
    expect(legacy).to_have_attribute("data-state", "running")
    assert page.evaluate("window.notReloaded") is True


def _restart_it_and_watch(page: Page) -> None:
    page.get_by_role("button", name="Restart legacy").click()
    expect(page.get_by_text("legacy: restarted.").first).to_be_visible()
    expect(page.locator("tr[data-id]", has_text="legacy")).to_have_attribute(
        "data-state", "running"
    )


def open_list(page: Page, address: str) -> None:
    """The list, once the first full read of the host is in it."""
    page.goto(address)
    while page.locator("tr[data-id]").count() == 0:
        page.wait_for_timeout(500)
        page.reload()


def _see_it_on_record(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/audit/entry/")
    record = page.locator("#result_list, table").get_by_role("row")
    expect(record.filter(has_text="container.restart").first).to_contain_text("admin")
    expect(record.filter(has_text="host.approve-key").first).to_contain_text("web1")


def test_actions_work_without_javascript(browser: Browser, empty_console: Stack, lab: Lab) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, empty_console.url)
    page.goto(f"{empty_console.url}/admin/sites/container/?q=shop-db")
    page.get_by_role("button", name="Restart shop-db-1").click()
    expect(page).to_have_url(re.compile("/provisioning/operation/"))
    expect(page.get_by_text("shop-db-1: restarted.").first).to_be_visible(timeout=SOON_MS)
    context.close()


def test_the_connection_comes_back_after_the_web_process_was_killed(
    browser: Browser, empty_console: Stack, lab: Lab
) -> None:
    """Not under the fixture that forbids complaints: a lost connection is one."""
    context = browser.new_context()
    page = context.new_page()
    log_in(page, empty_console.url)
    page.goto(f"{empty_console.url}/admin/sites/container/?q=legacy")
    legacy = page.locator("tr[data-id]", has_text="legacy")
    live = page.get_by_text("live", exact=True)
    expect(live).to_be_visible(timeout=SOON_MS)

    for process in empty_console.processes("web"):
        os.kill(process, signal.SIGKILL)
    expect(live).not_to_be_visible(timeout=SOON_MS)
    lab.web1.docker("stop", "--time", "5", "legacy")  # while nobody listens
    expect(live).to_be_visible(timeout=60_000)
    expect(legacy).to_have_attribute("data-state", "exited")
    lab.web1.docker("start", "legacy")
    expect(legacy).to_have_attribute("data-state", "running")
    context.close()
