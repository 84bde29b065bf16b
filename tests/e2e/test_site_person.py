"""A site's whole life as a person does it, in a browser, on a real host behind a real Caddy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, ConsoleMessage, Error, Page, expect

from tests.lab import Lab
from tests.lab.caddy import import_caddy
from tests.lab.command import wait_until
from tests.provisioning.site_runs.conftest import clean
from tests.stack import PASSWORD, Stack, add_lab_host, stack

pytestmark = [pytest.mark.lab, pytest.mark.e2e]
SOON_MS = 30_000
WORKED_MS = 120_000  # images, containers and a certificate, while others use the machine
DOMAIN = "corner.example.test"
TEMPLATE = "from tests.provisioning.site_runs.bare import make_template; make_template()"
ROLES = (("alice", "operator"), ("bob", "viewer"))


@pytest.fixture(scope="module")
def console(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A host that is known and has no proxy yet, a template that starts fast, two colleagues."""
    import_caddy(lab.web1, directory=tmp_path_factory.mktemp("caddy"))
    with stack() as running:
        add_lab_host(running, lab.web1)
        running.manage("shell", "-c", TEMPLATE)
        for name, role in ROLES:
            words = ("user", "add", name, "--role", role, "--password-stdin")
            running.manage(*words, stdin=f"{PASSWORD}\n")
        yield running
    clean(lab)


@pytest.fixture(scope="module")
def visiting(
    lab: Lab, browser_type: BrowserType, browser_type_launch_args: dict[str, Any]
) -> Iterator[Browser]:
    """Finds the sites' domains on the host, as a name server would tell it."""
    rules = f"--host-resolver-rules=MAP *.example.test {lab.web1.address}"
    args = {**browser_type_launch_args, "args": [*browser_type_launch_args["args"], rules]}
    browser = browser_type.launch(**args)
    yield browser
    browser.close()


def opened(browser: Browser, url: str, name: str = "admin", **look: Any) -> Page:
    page = browser.new_context(ignore_https_errors=True, **look).new_page()
    page.set_default_timeout(SOON_MS)
    page.goto(f"{url}/admin/login/")
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Overview")
    return page


def complaints_of(page: Page, url: str) -> list[str]:
    """What the browser says against the console's own pages, as it says it."""
    heard: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if said.type == "error" and said.location["url"].startswith(url):
            heard.append(said.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def press(page: Page, name: str) -> None:
    page.locator("main").get_by_role("button", name=re.compile(f"^{name}")).first.click()


def follow(page: Page, name: str) -> None:
    page.locator("main").get_by_role("link", name=re.compile(f"^{name}")).first.click()


def worked(page: Page, sentence: str) -> None:
    """The operation's page until it says how it ended: nobody reloads it."""
    expect(page).to_have_url(re.compile("/provisioning/operation/"))
    page.evaluate("window.notReloaded = true")
    ended(page, sentence)
    expect(page.locator("#op-steps li").nth(1)).to_be_visible()
    assert page.evaluate("window.notReloaded") is True


def test_a_site_from_the_gallery_to_the_quarantine(
    visiting: Browser, console: Stack, lab: Lab
) -> None:
    page = opened(visiting, console.url)
    heard = complaints_of(page, console.url)
    install_a_proxy(page, console.url)
    provision(page, console.url)
    secret = secret_of(lab)
    assert secret not in page.content()
    site = open_site(page, "hello")
    add_a_second_name(page, site)
    release_another_title(page, site, secret)
    expect_title(page, site, "good day")
    go_back(visiting, console.url, site)
    expect_title(page, site, "hello")
    see_without_buttons(visiting, console.url, site)
    deprovision(page, site)
    see_it_rest(page, console.url)
    assert "corner" not in lab.web1.docker("ps", "--all", "--format", "{{.Names}}")
    assert heard == [], "the browser complained, or the content security policy did"
    page.context.close()


def install_a_proxy(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/sites/host/1/change/?tab=proxy")
    expect(page.locator("h1")).to_contain_text("reachable")
    expect(page.get_by_text("No proxy yet")).to_be_visible()
    follow(page, "Install proxy")
    press(page, "Install proxy")
    worked(page, "web1 has a proxy.")
    page.goto(f"{url}/admin/sites/host/1/change/?tab=proxy")
    expect(page.get_by_text("serves what it should")).to_be_visible()


def provision(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/sites/site/")
    follow(page, "New site")
    follow(page, "Bare")
    say_what_is_wrong_beside_its_field(page)
    page.get_by_label("Certificate").select_option("internal")
    press(page, "See the plan")
    plan = page.get_by_role("region", name="Plan")
    for words in ("Create container web", "Create volume corner_store", f"Create vhost {DOMAIN}"):
        expect(plan.locator("li").filter(has_text=words).first).to_be_visible()
    press(page, "Provision")
    worked(page, "corner")


def say_what_is_wrong_beside_its_field(page: Page) -> None:
    for label, wrong, words, right in (
        ("Name", "Not a name", "Use a–z", "corner"),
        ("Domain", "no spaces", "domain", DOMAIN),
    ):
        field = page.locator(".field", has=page.get_by_label(label, exact=True))
        page.get_by_label(label, exact=True).fill(wrong)
        expect(field.locator(".errorlist")).to_contain_text(re.compile(words, re.IGNORECASE))
        page.get_by_label(label, exact=True).fill(right)
        expect(field.locator(".errorlist")).to_have_count(0)


def secret_of(lab: Lab) -> str:
    found = re.search(r"STORE_PASSWORD='?(\w{24})", lab.web1.read_text("/srv/sites/corner/.env"))
    assert found
    return found[1]


def open_site(page: Page, title: str) -> str:
    """From its page by its domain, through Caddy; the address of the page."""
    follow(page, "Open site")
    expect(page.locator("h1")).to_contain_text("2 of 2 running")
    site = page.url.partition("?")[0]
    expect_title(page, site, title)
    return site


def expect_title(page: Page, site: str, title: str) -> None:
    page.goto(site)
    page.get_by_role("link", name=DOMAIN).first.click()
    expect(page).to_have_url(f"https://{DOMAIN}/")
    expect(page.locator("body")).to_have_text(title)


def add_a_second_name(page: Page, site: str) -> None:
    """A row at first; the proxy serves it once it was told to, in a plan that says so."""
    page.goto(f"{site}?tab=domains")
    follow(page, "Add domain")
    page.get_by_label("Domain", exact=True).fill(f"www.{DOMAIN}")
    page.get_by_label("What it is").select_option("redirect")
    page.get_by_label("Certificate").select_option("internal")
    press(page, "Add domain")
    expect(page.get_by_text(f"has the domain www.{DOMAIN}")).to_be_visible()
    follow(page, "See the proxy")
    expect(page.locator("#proxy-plan [data-kind=new]").first).to_contain_text(f"www.{DOMAIN}")
    page.evaluate("window.notReloaded = true")
    press(page, "Sync")
    row = page.get_by_role("row").filter(has_text=f"www.{DOMAIN}")
    expect(row).to_contain_text("served", timeout=WORKED_MS)
    expect(page.locator("#proxy-plan")).to_have_count(0)
    assert page.evaluate("window.notReloaded") is True
    wait_until(lambda: answers(page, f"https://www.{DOMAIN}/"), what="its certificate is made")
    expect(page).to_have_url(f"https://{DOMAIN}/")


def answers(page: Page, address: str) -> bool:
    try:
        page.goto(address)
    except Error:
        return False
    return True


def release_another_title(page: Page, site: str, secret: str) -> None:
    page.goto(f"{site}?tab=config")
    env = page.get_by_label("Environment")
    given = env.input_value()
    assert "STORE_PASSWORD='•••'" in given
    env.fill(given.replace("'hello'", "'good day'"))
    page.get_by_label("What changes").fill("A friendlier title")
    press(page, "See what would change")
    diff = page.locator("#differs")
    expect(diff.locator("[data-kind=old]").filter(has_text="hello").first).to_be_visible()
    expect(diff.locator("[data-kind=new]").filter(has_text="good day").first).to_be_visible()
    press(page, "Prepare a release")
    page.locator("#plan summary", has_text=".env").first.click()
    new = page.locator("#plan [data-kind=new]").filter(has_text="good day")
    expect(new.first).to_be_visible()
    assert secret not in page.content()
    press(page, "Release")
    worked(page, "corner")


def go_back(visiting: Browser, url: str, site: str) -> None:
    """Which an operator may, who neither edits nor removes sites."""
    page = opened(visiting, url, "alice")
    page.goto(f"{site}?tab=releases")
    expect(page.get_by_text("A friendlier title")).to_be_visible()
    follow(page, "Back to it")
    expect(page.locator("#plan")).to_contain_text(".env")
    press(page, "Roll back")
    worked(page, "corner")
    expect(page.get_by_role("link", name="Deprovision")).to_have_count(0)
    page.context.close()


def see_without_buttons(visiting: Browser, url: str, site: str) -> None:
    """Who may only look sees the same pages, and nothing to press."""
    page = opened(visiting, url, "bob")
    for tab in ("overview", "releases", "config"):
        page.goto(f"{site}?tab={tab}")
        expect(page.locator("h1")).to_contain_text("corner")
        expect(page.locator("#site-actions").locator("a, button")).to_have_count(0)
        expect(page.locator("#content button")).to_have_count(0)
    expect(page.locator("#content textarea")).to_have_count(0)
    page.goto(site.replace("/change/", "/do/site.deprovision/"))
    expect(page.locator("h1")).not_to_contain_text("Deprovision corner")
    page.goto(f"{url}/admin/sites/site/")
    expect(page.get_by_role("link", name="corner")).to_be_visible()
    expect(page.get_by_role("link", name="New site")).to_have_count(0)
    page.context.close()


def deprovision(page: Page, site: str) -> None:
    page.goto(site)
    follow(page, "Deprovision")
    address = f"Its address: www.{DOMAIN}"
    for thing in ("Container corner-web", address, "Volume corner_store"):
        expect(page.locator(".loses li").filter(has_text=thing).first).to_be_visible()
    page.get_by_label("Remove its volumes as well").check()
    page.get_by_label("Remove its files as well").check()
    page.get_by_label("Type corner to confirm").fill("corner")
    press(page, "Deprovision")
    worked(page, "corner")
    assert page.request.get(site).status == 404


def see_it_rest(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/sites/site/")
    expect(page.get_by_role("link", name="corner")).to_have_count(0)
    follow(page, "Quarantine")
    resting = page.get_by_role("row").filter(has_text="corner")
    expect(resting).to_contain_text("corner_store")
    expect(resting).to_contain_text("/srv/.quarantine/corner-")


def test_without_javascript_by_the_same_forms(visiting: Browser, console: Stack, lab: Lab) -> None:
    """What is under way is followed by a page that reads itself anew."""
    page = opened(visiting, console.url, java_script_enabled=False)
    page.goto(f"{console.url}/admin/sites/host/1/do/proxy.install/")
    press(page, "Install proxy")  # twice is once
    ended(page, "web1 has a proxy.")
    page.goto(f"{console.url}/admin/sites/site/add/?template=bare")
    page.get_by_label("Name", exact=True).fill("plain")
    press(page, "See the plan")
    press(page, "Provision")
    ended(page, "plain")
    follow(page, "Open site")
    follow(page, "Deprovision")
    page.get_by_label("Type plain to confirm").fill("plain")
    press(page, "Deprovision")
    ended(page, "plain")
    assert "plain-web" not in lab.web1.docker("ps", "--all", "--format", "{{.Names}}")
    page.context.close()


def ended(page: Page, words: str) -> None:
    expect(page.locator("#op-status .pill")).to_have_attribute(
        "data-state", "succeeded", timeout=WORKED_MS
    )
    expect(page.locator("#op-message")).to_contain_text(words)
