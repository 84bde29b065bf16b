"""Logging in with a passkey, in a real browser with an authenticator of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.stack import PASSWORD, Stack, stack

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def own_console() -> Iterator[Stack]:
    with stack() as running:
        yield running


@pytest.fixture
def page(browser: Browser, own_console: Stack) -> Iterator[Page]:
    """A browser with a key in it that says yes. Passkeys belong to a name, so: localhost."""
    context = browser.new_context(base_url=f"http://localhost:{own_console.port}")
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    key = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": key})
    yield page
    context.close()


def type_password(page: Page) -> None:
    page.goto("/admin/login/")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def log_out(page: Page) -> None:
    page.get_by_label("Your account, admin").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("h1")).to_have_text("You are logged out")


def test_a_passkey_from_its_making_to_a_login_with_it_alone(page: Page) -> None:
    type_password(page)
    page.goto("/account/second-factor/passkeys/add/")
    page.get_by_label("Name").fill("this laptop")
    page.get_by_label("Log in with it alone").check()
    page.get_by_role("button", name="Add").click()
    expect(page.locator("h1")).to_have_text("Recovery codes")
    assert page.locator("ol.codes li").count() == 10
    page.goto("/account/second-factor/")
    expect(page.get_by_text("this laptop")).to_be_visible()
    log_out(page)

    type_password(page)  # as the second step
    expect(page.locator("h1")).to_have_text("Second factor")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("h1")).to_have_text("Overview")
    log_out(page)

    page.goto("/admin/login/")  # and instead of both
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("h1")).to_have_text("Overview")
