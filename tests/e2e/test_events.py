"""Docker's events of a real host in a real browser, also while the web process is killed."""

from __future__ import annotations

import os
import re
import signal

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.console import opened
from tests.lab import Lab
from tests.stack import Stack

pytestmark = pytest.mark.e2e


def test_events_go_on_coming_after_the_web_process_was_killed(
    browser: Browser, console: Stack, lab: Lab
) -> None:
    hosts = console.client().get("/hosts")["items"]
    key = next(host["id"] for host in hosts if host["name"] == "web1")
    page = opened(browser, console.url)
    page.goto(f"{console.url}/admin/sites/host/{key}/change/?tab=events")
    events = page.locator("#host-events")
    lab.web1.docker("volume", "create", "seen-live")
    expect(events.get_by_role("row").filter(has_text="seen-live")).to_contain_text("create")
    state = page.locator("#link-state")
    expect(state).to_have_attribute("data-state", "live")
    os.kill(console.processes("web")[0], signal.SIGKILL)
    expect(state).to_have_attribute("data-state", re.compile("reconnecting|offline"))
    lab.web1.docker("volume", "rm", "seen-live")
    gone = events.get_by_role("row").filter(has_text="seen-live").filter(has_text="destroy")
    expect(gone).to_have_count(1)  # nobody has loaded the page anew
    expect(state).to_have_attribute("data-state", "live")
    page.context.close()
