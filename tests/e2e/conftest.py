"""One running SiteFlow with the lab's two hosts for the whole run, and a browser to look at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.hostile_rows import ROWS
from tests.lab import Lab
from tests.stack import Client, Stack, add_lab_host, stack

# Everything is drawn at once on a quiet machine, and much later on one that is not.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def console(lab: Lab) -> Iterator[Stack]:
    with stack() as running:
        add_lab_host(running, lab.web1)
        add_lab_host(running, lab.web2, sudo=True)
        yield running


@pytest.fixture(scope="module")
def full_console() -> Iterator[Stack]:
    with stack() as running:
        running.manage("shell", "-c", ROWS)
        yield running


@pytest.fixture
def admin_client(console: Stack) -> Client:
    return console.client()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, which looks nothing up on the network by itself."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    return {
        **browser_type_launch_args,
        "executable_path": "/usr/bin/chromium",
        "args": ["--no-sandbox", "--disable-gpu", "--no-first-run", *quiet],
    }
