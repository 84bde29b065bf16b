"""An alert comes up in a page that is open, is acknowledged there, and ends before one's eyes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.console import opened
from tests.stack import Stack, stack

pytestmark = pytest.mark.e2e

# An operation on a container failed; no host has to be reached for that.
FAILED = """
from django.utils import timezone
from provisioning.models import Operation
from sites.models import Container
from tests.provisioning.rows import make_container, make_host, make_operation
row = Container.objects.filter(name="shop-web-1").first() or make_container(
    make_host("web9", connection="ssh", address="192.0.2.7", username="a"), "shop-web-1")
key = make_operation(row).pk
Operation.objects.filter(pk=key).update(status="{status}", finished_at=timezone.now(),
    message="No such container.")
"""


@pytest.fixture(scope="module")
def console() -> Iterator[Stack]:
    with stack() as running:
        yield running


def ends(console: Stack, status: str) -> None:
    console.manage("shell", "-c", FAILED.format(status=status))


def test_an_alert_comes_is_acknowledged_and_goes(browser: Browser, console: Stack) -> None:
    page: Page = opened(browser, console.url)
    page.get_by_role("link", name="Alerts").click()
    expect(page.locator("h1")).to_contain_text("Alerts")
    ends(console, "failed")
    line = page.get_by_role("link", name="container.restart shop-web-1")
    expect(line).to_be_visible()  # by itself
    line.click()
    expect(page.locator("#alert")).to_contain_text("No such container.")
    page.get_by_label("Note").fill("I look after it")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#alert")).to_contain_text("I look after it")
    ends(console, "succeeded")
    expect(page.locator("#alert [role=status]")).to_contain_text("Over")
    expect(page.locator("#alert")).to_contain_text("It has succeeded since")
    page.context.close()
