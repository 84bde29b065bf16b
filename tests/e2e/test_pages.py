"""Every page in a real browser: readable by everybody, quiet, as wide as the window, and safe."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, WebSocketRoute, expect

from tests.e2e.addresses import PAGES
from tests.e2e.console import LOOKS, WIDER, opened
from tests.stack import PASSWORD, Stack

pytestmark = pytest.mark.e2e

MOVE_SOCKET = """
from sites.models import Host
Host.objects.filter(pk=2).update(docker_socket="/late")
"""
PAUSE = """
from audit.actor import Actor
from provisioning import engine
from sites.models import Container
row = Container.objects.get(name="shop-service-5")
engine.start("container.pause", row, actor=Actor(name="os:root", source="command"))
"""


@pytest.fixture(params=LOOKS, ids=["wide", "dark", "phone"], scope="module")
def look(request: pytest.FixtureRequest) -> dict[str, Any]:
    look: dict[str, Any] = request.param
    return look


def test_pages_are_quiet_fit_the_window_and_run_nothing_a_host_says(
    browser: Browser, full_console: Stack, look: dict[str, Any]
) -> None:
    page = opened(browser, full_console.url, **look)
    heard: list[str] = []
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    for path in PAGES:
        page.goto(f"{full_console.url}/admin/{path}")
        expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
        assert heard == [], path
        assert page.evaluate(WIDER) == 0, path
        assert page.evaluate("window.hacked") is None, path
    page.context.close()


def test_pages_can_be_read_by_everybody(
    browser: Browser, full_console: Stack, look: dict[str, Any]
) -> None:
    """axe looks into style sheets in a way that the policy forbids, so here it is off."""
    page = opened(browser, full_console.url, bypass_csp=True, **look)
    for path in PAGES:
        page.goto(f"{full_console.url}/admin/{path}")
        found = Axe().run(page).response["violations"]
        serious = [
            (rule["id"], rule["nodes"][0]["html"][:200])
            for rule in found
            if rule["impact"] in ("serious", "critical")
        ]
        assert serious == [], path
    page.context.close()


def test_a_new_site_says_what_is_wrong_while_one_types(
    browser: Browser, full_console: Stack
) -> None:
    page = opened(browser, full_console.url)
    page.goto(f"{full_console.url}/admin/sites/site/add/?template=static")
    page.get_by_label("Name", exact=True).fill("Not a name")
    field = page.locator(".field", has=page.locator("#id_name"))
    expect(field.locator(".errorlist")).to_contain_text("Use a–z")
    page.get_by_label("Name", exact=True).fill("a-name")
    expect(field.locator(".errorlist")).to_have_count(0)
    page.context.close()


def test_the_theme_and_the_density_are_kept(browser: Browser, full_console: Stack) -> None:
    page = opened(browser, full_console.url, color_scheme="light")
    page.get_by_label("Colours and density").click()
    page.get_by_role("button", name="Dark").click()
    page.get_by_role("button", name="Compact rows").click()
    page.goto(f"{full_console.url}/admin/sites/container/")
    assert page.evaluate("({...document.documentElement.dataset}).theme") == "dark"
    assert page.evaluate("({...document.documentElement.dataset}).density") == "compact"
    page.context.close()


def test_the_palette_finds_a_container_with_the_keyboard_alone(
    browser: Browser, full_console: Stack
) -> None:
    page = opened(browser, full_console.url)
    page.keyboard.press("Control+k")
    page.keyboard.type("service-5")
    expect(page.locator("[role=option]").first).to_contain_text("shop-service-5")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("shop-service-5")
    page.context.close()


def test_ticks_show_the_bulk_bar_and_lead_to_a_plan(browser: Browser, full_console: Stack) -> None:
    page = opened(browser, full_console.url)
    page.goto(f"{full_console.url}/admin/sites/container/")
    bar = page.locator("[data-bulk]")
    expect(bar).to_be_hidden()
    page.get_by_label("Select shop-service-1", exact=True).check()
    page.get_by_label("Select shop-service-9", exact=True).check()
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Restart").click()
    expect(page.locator("h1")).to_contain_text("Restart")
    page.context.close()


def test_what_changed_before_the_page_listened_is_shown(
    browser: Browser, full_console: Stack
) -> None:
    page, held = opened(browser, full_console.url), list[tuple[WebSocketRoute, str | bytes]]()

    def hold(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        socket.on_message(lambda message: held.append((server, message)))

    page.route_web_socket("**/api/ws", hold)
    page.goto(f"{full_console.url}/admin/sites/host/2/change/")
    sockets = page.locator("#host-overview dd.mono").first
    expect(sockets).to_have_text("/var/run/docker.sock")
    full_console.manage("shell", "-c", MOVE_SOCKET)
    expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    for server, message in held:
        server.send(message)
    expect(sockets).to_have_text("/late")
    page.context.close()


def test_the_overview_says_what_is_wrong_and_follows_by_itself(
    browser: Browser, full_console: Stack
) -> None:
    page = opened(browser, full_console.url)
    sentence = page.locator(".verdict > p").first
    expect(sentence).to_contain_text("things need you: ")
    before = page.locator("#overview")
    expect(before).not_to_contain_text("Pause shop-service-5")
    page.evaluate("window.stayed = true")
    full_console.manage("shell", "-c", PAUSE)
    expect(page.locator("#overview")).to_contain_text("Pause shop-service-5")
    assert page.evaluate("window.stayed") is True, "without a reload"
    page.context.close()


def test_the_overview_says_it_without_scripts(browser: Browser, full_console: Stack) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{full_console.url}/admin/login/")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".verdict > p").first).to_contain_text("things need you: ")
    expect(page.locator(".needs li").first).to_be_visible()
    page.locator(".needs .need-acts a").first.click()
    expect(page.locator("h1")).not_to_have_text("Overview")
    context.close()


def test_the_drawer_opens_on_start_and_survives_navigation(
    browser: Browser, full_console: Stack
) -> None:
    page = opened(browser, full_console.url)
    page.goto(f"{full_console.url}/admin/sites/host/2/change/")
    page.get_by_role("button", name="Test").first.click()
    drawer = page.locator("#drawer")
    expect(drawer).to_contain_text("Test host1")
    page.goto(f"{full_console.url}/admin/sites/site/")
    expect(drawer).to_contain_text("Test host1")
    drawer.get_by_label("Close").click()
    expect(drawer).to_be_hidden()
    page.context.close()
