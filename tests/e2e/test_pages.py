"""Every page in a real browser: readable by everybody, quiet, as wide as the window, and safe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.stack import PASSWORD, Stack, stack

pytestmark = pytest.mark.e2e

# Written into the database by a command: hosts that nothing answers for, and hostile names.
ROWS = """
from datetime import timedelta
from django.utils import timezone
from monitoring.notify import acts
from monitoring.notify.models import Channel
from monitoring.notify.wanted import Wanted
from provisioning import engine
from audit.actor import Actor
from django.contrib.auth.models import Group, User
from provisioning.models import CertificateCheck, Wizard
from provisioning.drivers.keys import generate_ed25519
from siteflow.accounts import tokens
from sites.granting import give
from sites.models import Container, Host, Site, Tag
from monitoring.models import Series
from tests.monitoring.charts.made import make_history
from tests.provisioning.backups.things import backed_up, make_source
from tests.provisioning.site_rows import make_quarantine, make_release, make_site
from tests.provisioning.terminal_rows import make_terminal
now = timezone.now()
evil = '"><script>window.hacked=1</script><img src=x onerror="window.hacked=1">'
line = generate_ed25519("").public_line
common = {"connection": "ssh", "address": "192.0.2.7", "username": "root"}
states = ("reachable", "unreachable", "key_unapproved", "key_changed", "new")
hosts = [
    Host.objects.create(
        name=f"host{n}", state=state, error=evil, advice=evil, host_key=line if n != 2 else "",
        offered_key=generate_ed25519("").public_line, inventory_at=now + timedelta(hours=1),
        **common)
    for n, state in enumerate(states)
]
site = Site.objects.create(host=hosts[0], project="shop", name=evil)
for n, state in enumerate(Container.State.values * 2):
    Container.objects.create(
        host=hosts[n % 2], site=site if n % 2 else None, docker_id=f"{n:064x}",
        name=evil if n == 3 else f"shop-service-{n}", image=evil if n == 4 else "nginx:1.27",
        state=state, health="unhealthy" if n == 1 else "healthy", exit_code=137,
        state_since=now, observed_at=now, source="event", labels={evil: evil})
admin = User.objects.get(username="admin")
found = {"key": "failed", "docker": "ok"}
checks = [{"name": name, "verdict": verdict, "message": evil} for name, verdict in found.items()]
Host.objects.filter(pk=hosts[2].pk).update(preflight=checks, preflight_at=now)
for step in ("authentication", "ssh_test", "docker_test", "confirm"):
    Wizard.objects.create(kind="ssh_host", owner=admin, step=step, host=hosts[2],
        state={"connection": {"name": evil, "username": "root"}})
actor = Actor(name="os:root", source="command")
engine.start("container.restart", Container.objects.get(name="shop-service-1"), actor=actor)
person = User.objects.create_user("charlie")
team = Group.objects.create(name="agency")
person.groups.add(team)
role = Group.objects.get(name="operator")
for to, on in ((person, site), (person, hosts[0]), (team, Tag.objects.create(name="client-a"))):
    give(role, to=to, on=on, actor=actor)
made = make_site(hosts[0], "made", domain="made.example.org", environment="staging")
path = {"path": evil, "service": evil, "port": 80}
made.domains.update(service=evil[:60], basic_auth={evil: "hash"}, routes=[path])
make_release(made, 1, status="past", message=evil)
make_release(made, 2, compose="services:\\n  web:\\n    image: " + evil, created_by=evil)
make_release(made, 3, status="prepared", env={"TITLE": evil, "DB_PASSWORD": evil})
make_release(make_site(hosts[1], "draft", stage="draft"), status="prepared")
shown = {"subject": evil, "issuer": evil, "names": [evil] * 30, "names_total": 1000, "serial": "1",
    "key": "EC 256", "fingerprint": "a" * 64, "not_before": now.isoformat(),
    "not_after": (now + timedelta(days=3)).isoformat()}
CertificateCheck.objects.create(domain_id=1, outcome="served", checked_at=now, tried_at=now,
    served={"chain": [shown, shown]}, served_at=now, not_before=now - timedelta(days=80),
    not_after=now + timedelta(days=3), soon_at=now, name_fits=False, same=False,
    stored={"chain": [shown], "authority": evil}, stored_at=now, dns_at=now,
    dns={"addresses": ["192.0.2.7", "2001:db8::7"], "leads": "elsewhere", "error": ""})
make_quarantine(hosts[0], evil)
later = now + timedelta(hours=1)  # nobody looks at it meanwhile
keeps = make_source(hosts[0], hosts[0], tried_at=later, marker=evil, skew_s=7000)
make_source(hosts[1], tried_at=later, error_code="timeout", error=evil, failing_since=now)
file = {"name": evil, "at": now.isoformat(), "size": 5, "modified_s": 1, "folder": False,
    "ahead": True}
backed_up(made, keeps, newest_name=evil, kept=[file] * 11, ahead=True, shrunken=True,
    unfinished=[{"name": evil, "size": 7, "modified_s": 1, "since": now.isoformat()}])
backed_up(site, keeps, error=evil)
Tag.objects.get_or_create(name="client-a")
by_mail = acts.create(Wanted(name=evil[:100], url="mailtos://a:b@example.org"), actor=actor)
acts.create(Wanted(name="off", url="slack://a/b/c", enabled=False, scope="tag", tag=1), actor=actor)
Channel.objects.filter(pk=by_mail.pk).update(retry_at=now)
for state, error in (("failed", evil), ("given_up", evil), ("sent", "")):
    by_mail.deliveries.create(key="k", kind="firing", severity="critical", title=evil * 4,
        body=evil + "\\n" + evil, state=state, error=error, attempts=3, created_at=now,
        next_at=now + timedelta(hours=1), give_up_at=now + timedelta(hours=2))
shown = Container.objects.get(pk=2)
for kind, given in (("container", {"container": shown}), ("disk", {"mount": evil}), ("host", {})):
    make_history(Series.objects.create(kind=kind, host=shown.host, **given), now=now)
tokens.make(person, name=evil[:60], scopes=["read"], expires_at=None, actor=actor)
make_terminal(shown, user_name=evil, command=evil, ended_at=now, why="exited")
make_terminal(shown, last=timedelta(days=1), user_name=evil, command=evil)
# Nobody looks at these hosts, so what fires on them stays as it is.
from monitoring.alerts.models import Alert, Maintenance, Rule
watched = Rule.objects.create(pk=900, name=evil[:90], kind="container_down", host=hosts[0])
alert = Alert.objects.create(
    pk=900, rule=watched, rule_name=evil[:90], kind="container_down", severity="critical", rank=0,
    subject="container:1", subject_type="container", subject_id=1, subject_name=evil, host=hosts[0],
    host_name="host0", site=site, site_name=evil, state="firing", message=evil, pending_at=now,
    firing_at=now, seen_at=now, unseen_because=evil, acknowledged_at=now, acknowledged_by="admin",
    note=evil, muted_until=now + timedelta(days=9), muted_by=evil, log=[evil] * 20,
    cause={"containers": [{"id": 1, "name": evil, "cpu_percent": 93.5, "memory_bytes": 1e9}],
           "operation": {"id": 1, "label": evil, "status": "failed", "at": evil, "actor": evil},
           "release": {"number": 7, "since": evil}})
alert.events.create(at=now, what="acknowledged", text=evil, by=evil)
Maintenance.objects.create(begins_at=now, ends_at=now + timedelta(days=1), why=evil,
    created_by=evil[:100], site=site)
"""
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
PAGES = (
    "",
    "health/",
    "sites/site/",
    "sites/site/?template=static",
    "sites/site/1/change/",
    "sites/site/1/do/site.adopt/",
    "sites/site/2/change/",
    "sites/site/2/change/?tab=domains",
    "sites/site/2/domains/add/",
    "sites/domain/",
    "sites/domain/1/change/",
    "sites/domain/1/edit/",
    "sites/domain/1/do/domain.set-password/",
    "sites/domain/1/do/domain.remove/",
    "sites/site/2/change/?tab=releases",
    "sites/site/2/change/?tab=config",
    "sites/site/2/change/?tab=operations",
    "sites/site/2/change/?tab=audit",
    "sites/site/2/releases/3/",
    "sites/site/2/do/site.release/",
    "sites/site/2/do/site.deprovision/",
    "sites/site/2/do/site.disown/",
    "sites/site/3/change/",
    "sites/site/add/",
    "sites/site/add/?template=wordpress",
    "graph/",
    "graph/?site=1&grouped=false",
    "provisioning/certificate/",
    "provisioning/certificate/1/change/",
    "provisioning/sitebackup/",
    "provisioning/sitebackup/1/change/",
    "provisioning/sitebackup/2/change/",
    "sites/host/1/change/?tab=backups",
    "sites/host/2/change/?tab=backups",
    "sites/host/1/nas/?root=/volume1/backups",
    "sites/host/1/do/nas.forget/?root=/volume1/backups",
    "provisioning/quarantine/",
    "provisioning/quarantine/1/do/quarantine.purge/",
    "sites/container/",
    "sites/container/?state=running&q=shop",
    "sites/container/?q=nothing",
    "sites/container/add/",
    "sites/container/2/change/",
    "sites/container/1/change/?tab=metrics",
    "sites/container/2/change/?tab=metrics",
    "sites/container/2/change/?tab=metrics&range=1y",
    "sites/host/2/change/?tab=metrics&range=24h",
    "sites/site/2/change/?tab=metrics",
    "sites/container/2/change/?tab=operations",
    "sites/container/2/change/?tab=audit",
    "sites/container/2/change/?tab=logs",
    "sites/container/2/change/?tab=terminal",
    "sites/host/1/change/?tab=terminal",
    "sites/site/2/change/?tab=logs",
    "terminals/1/",
    "terminals/2/watch/",
    "sites/container/2/do/container.remove/",
    "sites/host/",
    "sites/host/1/change/",
    "sites/host/1/change/?tab=containers",
    "sites/host/1/change/?tab=services",
    "sites/host/1/change/?tab=proxy",
    "sites/host/1/do/proxy.install/",
    "provisioning/sitetemplate/static/",
    "sites/host/2/change/",
    "sites/host/3/change/",
    "sites/host/4/change/",
    "sites/host/1/do/host.remove/",
    "sites/host/1/edit/",
    "sites/host/add/",
    "sites/host/set-up/",
    "sites/host/set-up/1/",
    "sites/host/set-up/2/",
    "sites/host/set-up/3/",
    "sites/host/set-up/4/",
    "provisioning/operation/",
    "provisioning/operation/1/change/",
    "monitoring/alert/",
    "monitoring/alert/?state=all",
    "monitoring/alert/900/change/",
    "monitoring/rule/",
    "monitoring/rule/1/change/",
    "monitoring/rule/add/",
    "monitoring/rule/900/remove/",
    "monitoring/maintenance/",
    "monitoring/maintenance/add/",
    "monitoring/maintenance/1/change/",
    "audit/entry/",
    "audit/entry/1/change/",
    "monitoring/",
    "monitoring/channel/",
    "monitoring/channel/1/change/",
    "monitoring/channel/2/change/",
    "monitoring/channel/2/edit/",
    "monitoring/channel/1/remove/",
    "monitoring/channel/add/",
    "monitoring/delivery/",
    "monitoring/delivery/?state=given_up",
    "monitoring/delivery/1/change/",
    "monitoring/delivery/2/change/",
    "auth/",
    "auth/user/",
    "auth/user/1/change/",
    "auth/user/1/edit/",
    "auth/user/1/can/",
    "auth/user/2/change/",
    "auth/user/2/password/",
    "auth/user/2/can/",
    "auth/user/2/can/?thing=host:host0",
    "auth/user/2/can/?of=container.restart",
    "auth/user/add/",
    "auth/group/",
    "auth/group/1/change/",
    "auth/group/1/edit/",
    "auth/group/4/change/",
    "auth/user/1/history/",
    "auth/user/1/password/",
    "password_change/",
    "../account/",
    "../account/second-factor/",
    "../account/second-factor/app/",
    "../account/second-factor/passkeys/add/",
)
LOOKS: tuple[dict[str, Any], ...] = (
    {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
    {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
)
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def full_console() -> Iterator[Stack]:
    with stack() as running:
        running.manage("shell", "-c", ROWS)
        yield running


@pytest.fixture(params=LOOKS, ids=["wide", "dark", "phone"], scope="module")
def look(request: pytest.FixtureRequest) -> dict[str, Any]:
    look: dict[str, Any] = request.param
    return look


def opened(browser: Browser, url: str, **look: Any) -> Page:
    page = browser.new_context(**look).new_page()
    page.goto(f"{url}/admin/login/")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Overview")
    expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    return page


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
