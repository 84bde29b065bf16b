"""What wakes somebody at night: something breaks, and page, API, socket and mail say so, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from tests.e2e.console import opened
from tests.e2e.surfaces import WITHIN_S, Expected, Surfaces
from tests.e2e.troubles import World, be_quick, certificate_served, site_served, world
from tests.lab import Lab
from tests.monitoring.notify.mail_server import Mailbox, mail_server
from tests.monitoring.waiting import until
from tests.stack import Client, Stack

pytestmark = [pytest.mark.lab, pytest.mark.e2e]

DEAD: Final = Expected("Container down", "legacy", "exited with code 137")
CUT: Final = Expected("Host unreachable", "web2", "")
FULL: Final = Expected("Disk nearly full", "web1 /srv", "100")
ENDING: Final = Expected("Certificate", "shown.test", "It ends in 2.5 days")
SILENT: Final = Expected("Site not answering", "quiet", "http://quiet.test/")
STALE: Final = Expected("Backup too old", "shown", "older than 48 h")
AT_ONCE: Final = (DEAD, CUT, FULL, ENDING, SILENT, STALE)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def surfaces(
    browser: Browser, console: Stack, admin_client: Client, mailbox: Mailbox
) -> Iterator[Surfaces]:
    wanted = {"name": "ops", "url": f"{mailbox.url}&to=ops@example.org", "min_severity": "info"}
    made = admin_client.post("/notifications/channels", wanted)
    assert made.status_code == 201, made.text
    page = opened(browser, console.url)
    page.goto(f"{console.url}/admin/monitoring/alert/")
    with admin_client.socket() as socket:
        socket.send(json.dumps({"type": "subscribe", "topic": "alerts"}))
        yield Surfaces(page, admin_client, socket, mailbox)
    page.context.close()
    admin_client.send("DELETE", f"/notifications/channels/{made.json()['id']}", {})


@pytest.fixture
def made(console: Stack, admin_client: Client, lab: Lab) -> Iterator[World]:
    be_quick(admin_client, *(one.rule for one in AT_ONCE))
    with world(console, admin_client, lab) as one:
        yield one


def test_each_trouble_is_told_once_everywhere_and_over_when_it_is_mended(
    surfaces: Surfaces, made: World, admin_client: Client, lab: Lab, tmp_path: Path
) -> None:
    with ExitStack() as served:
        with certificate_served(lab.web1, tmp_path, days=2.5):
            lab.web1.docker("kill", "legacy")
            lab.web1.fill_disk("/srv")
            lab.web2.cut()
            made.keep_backups()
            made.look_at_certificate()
            made.done("host.refresh", "web1")
            alerts = {one: surfaces.fires(one) for one in AT_ONCE}
        # A NAS that stands still from here on holds up nothing else.
        lab.nas.freeze()
        under_way = made.operate("nas.check", "nas")
        served.enter_context(certificate_served(lab.web1, tmp_path, days=80))
        served.enter_context(site_served(lab.web1, tmp_path))
        lab.web1.docker("start", "legacy")
        lab.web1.run("rm", "/srv/full")
        lab.web2.heal()
        before = made.read_at("web1")
        made.look_at_certificate()
        made.done("host.refresh", "web1")
        for one in AT_ONCE[:-1]:
            surfaces.is_over(one, alerts[one])
        until(lambda: made.read_at("web1") > before, timeout_s=WITHIN_S)
        assert surfaces.still_fires(STALE)
        lab.nas.thaw()
        made.put_backup("new.tar", hours=1)
        admin_client.wait(under_way)
        made.done("nas.check", "nas")
        surfaces.is_over(STALE, alerts[STALE])
    of_dead: Any = admin_client.get(f"/alerts/{alerts[DEAD]['id']}")["cause"]
    assert of_dead["log"] is not None
    assert alerts[SILENT]["cause"]["release"]["number"] == 1
