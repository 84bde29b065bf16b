"""Images, volumes and networks of a real host as a person looks at them, and what a button does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.console import LOOKS, WIDER, opened
from tests.lab import Lab
from tests.lab.command import LabError
from tests.lab.image_registry import registry
from tests.stack import PASSWORD, Stack

pytestmark = [pytest.mark.lab, pytest.mark.e2e]
IMAGE = "127.0.0.1:5000/shop/seen:1"


@pytest.fixture
def page(page: Page, console: Stack, lab: Lab) -> Iterator[Page]:
    """Logged in, on the page of a host with a volume that nobody uses."""
    lab.web1.docker("volume", "create", "t7_free")
    page.goto(f"{console.url}/admin/login/")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Overview")
    page.goto(f"{console.url}/admin/sites/host/")
    page.get_by_role("link", name="web1", exact=True).click()
    yield page
    for argv in (("volume", "rm", "t7_free"), ("rmi", IMAGE)):
        with suppress(LabError):  # a good run has removed the volume
            lab.web1.docker(*argv)


def tab(page: Page, name: str) -> None:
    page.get_by_label("Parts of this page").get_by_role("link", name=name).click()


def test_an_image_is_pulled_and_a_volume_goes_by_its_own_name(
    page: Page, lab: Lab, tmp_path: Path
) -> None:
    host = page.url.partition("?")[0]
    tab(page, "Images")
    expect(page.locator("#host-things tbody")).to_contain_text("siteflow/busybox:1")
    with registry(lab.web1, tmp_path) as (there, _):
        there.publish("shop/seen", "1", layers=[b"one", b"two"])
        page.get_by_role("link", name="Pull …").click()
        page.get_by_label("Image").fill(IMAGE)
        page.get_by_role("button", name="Pull image").click()
        expect(page.locator("main")).to_contain_text(f"{IMAGE} was pulled on web1.")
        expect(page.locator("main")).to_contain_text("Pull complete")
    page.goto(f"{host}?tab=images")
    row = page.locator("#host-things tr", has_text=IMAGE)
    expect(row).to_contain_text("up to date")
    row.get_by_role("link", name=f"Remove {IMAGE}").click()
    page.get_by_role("button", name="Remove image").click()
    expect(page.locator("main")).to_contain_text(f"{IMAGE} was removed from web1.")

    page.goto(f"{host}?tab=volumes")
    page.get_by_role("link", name="Remove t7_free").click()
    expect(page.locator("main")).to_contain_text("all data in it")
    page.get_by_label("Type t7_free to confirm").fill("web1")
    page.get_by_role("button", name="Remove volume").click()
    expect(page.get_by_role("alert")).to_contain_text("Type the name 't7_free'")
    page.get_by_label("Type t7_free to confirm").fill("t7_free")
    page.get_by_role("button", name="Remove volume").click()
    expect(page.locator("main")).to_contain_text("The volume t7_free and its data were removed")
    assert "t7_free" not in lab.web1.docker("volume", "ls", "--quiet")


def test_its_pages_fit_the_window_and_can_be_read_by_everybody(
    page: Page, browser: Browser, console: Stack
) -> None:
    host = page.url.partition("?")[0]
    asked = host.replace("change/", "do/")
    for look in LOOKS[1:]:  # a phone, and a dark screen
        seen = opened(browser, console.url, bypass_csp=True, **look)
        for address in (
            *(f"{host}?tab={name}" for name in ("images", "volumes", "networks")),
            f"{asked}image.prune/?all=1", f"{asked}volume.remove/?name=t7_free",
        ):  # fmt: skip
            seen.goto(address)
            assert seen.evaluate(WIDER) == 0, address
            found = Axe().run(seen).response["violations"]
            assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
        seen.context.close()
