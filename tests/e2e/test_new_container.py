"""A container made, limited and inspected as a person does it: with JavaScript, and without."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.console import logged_in
from tests.lab import Lab
from tests.lab.images import BUSYBOX
from tests.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.lab]
WORKED_MS = 60_000  # while others use the machine
SECRET = "s3cr3t-Marker"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def names(lab: Lab) -> Iterator[tuple[str, str]]:
    """Of the containers that are made, and gone afterwards."""
    both = ("typed-wide", "typed-phone")
    yield both
    for name in both:
        lab.web1.run("docker", "rm", "--force", name, check=False)
        lab.web1.run("docker", "network", "rm", f"{name}_default", check=False)


def opened(browser: Browser, url: str, **look: Any) -> Page:
    page = logged_in(browser, url, to="/admin/sites/container/", **look)
    page.get_by_role("link", name="New container").click()
    expect(page.locator("h1")).to_have_text("New container")
    return page


def filled(page: Page, name: str) -> None:
    page.get_by_label("Host", exact=True).select_option(label="web1")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Image", exact=True).fill(BUSYBOX)
    page.get_by_label("Command", exact=True).fill(
        "sh\n-c\ntrap 'exit 0' TERM; while :; do sleep 1; done"
    )
    page.get_by_label("Environment").fill(f"TITLE={SECRET}")
    page.get_by_label("CPUs at most").fill("0.5")


def looked_at(page: Page, name: str) -> None:
    """As wide as the window; a picture when somebody wants one."""
    assert page.evaluate(WIDER) == 0, name
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def made(page: Page, name: str) -> None:
    page.get_by_role("button", name="See the plan").click()
    plan = page.locator("#plan")
    expect(plan).to_contain_text(f"{name}_default")
    expect(plan).not_to_contain_text(SECRET)


def test_with_a_mouse(browser: Browser, console: Stack, names: tuple[str, str], lab: Lab) -> None:
    name = names[0]
    page = opened(browser, console.url, bypass_csp=True)
    page.get_by_label("Volumes").fill("/etc:/etc")
    volumes = page.locator(".field", has=page.locator("#id_volumes"))
    filled(page, name)
    expect(volumes.locator(".errorlist")).to_contain_text("Outside its own folder")
    page.get_by_label("Volumes").fill("")
    expect(volumes.locator(".errorlist")).to_have_count(0)
    made(page, name)
    looked_at(page, "plan")
    page.get_by_role("button", name="Create it").click()
    expect(page.get_by_text(f"{name} runs on web1.").first).to_be_visible(timeout=WORKED_MS)
    page.goto(f"{console.url}/admin/sites/container/?q={name}")
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("link", name="Limits", exact=True).click()
    looked_at(page, "limits")
    assert serious(page) == []
    page.get_by_label("Processes and threads").fill("60")
    page.get_by_role("button", name="Change limits").click()
    expect(page.get_by_text("processes without a limit → 60").first).to_be_visible(
        timeout=WORKED_MS
    )
    assert lab.web1.docker("inspect", name, "--format", "{{.HostConfig.PidsLimit}}").strip() == "60"
    page.goto(f"{console.url}/admin/sites/container/?q={name}")
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("link", name="Inspect", exact=True).click()
    expect(page.locator("pre.source")).to_contain_text("TITLE=•••")
    assert SECRET not in page.content()
    looked_at(page, "inspect")
    assert serious(page) == []
    page.context.close()


def test_without_javascript_on_a_phone(
    browser: Browser, console: Stack, names: tuple[str, str]
) -> None:
    name, look = names[1], {"width": 390, "height": 844}
    page = opened(browser, console.url, java_script_enabled=False, viewport=look,
                  color_scheme="dark")  # fmt: skip
    page.get_by_label("Networks").fill("host")
    filled(page, name)
    page.get_by_role("button", name="See the plan").click()
    expect(page.locator(".errorlist")).to_contain_text("Shares what is not its")
    page.get_by_label("Networks").fill("")
    page.get_by_label("Start it", exact=True).uncheck()
    made(page, name)
    looked_at(page, "phone")
    page.get_by_role("button", name="Create it").click()
    said = page.get_by_text(re.compile(f"{name} is there and was not started"))
    expect(said.first).to_be_visible(timeout=WORKED_MS)
    page.context.close()


def serious(page: Page) -> list[tuple[str, str]]:
    found = Axe().run(page).response["violations"]
    return [
        (rule["id"], rule["nodes"][0]["html"][:200])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
