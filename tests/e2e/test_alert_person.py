"""What wakes somebody at night: a container dies, and the mail, the page and the API say so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.test_pages import opened
from tests.lab import Lab
from tests.monitoring.notify.mail_server import Mailbox, mail_server
from tests.monitoring.waiting import until
from tests.stack import Client, Stack

pytestmark = [pytest.mark.lab, pytest.mark.e2e]
WITHIN_S = 90.0
VICTIM = "legacy"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


def mails(box: Mailbox) -> list[str]:
    """Those about the container, as others may be in trouble meanwhile."""
    texts = [f"{mail['Subject']}\n{mail.get_content()}" for mail in box.mails]
    return [text for text in texts if VICTIM in text]


def alerts(client: Client, **wanted: str) -> list[Any]:
    found = client.get("/alerts", host="web1", search=VICTIM, **wanted)["items"]
    return [one for one in found if one["rule_name"] == "Container down"]


def test_a_container_that_dies_is_told_once_everywhere_and_over_once_it_runs(
    browser: Browser, console: Stack, admin_client: Client, lab: Lab, mailbox: Mailbox
) -> None:
    wanted = {"name": "ops", "url": f"{mailbox.url}&to=ops@example.org"}
    assert admin_client.post("/notifications/channels", wanted).status_code == 201
    rules = admin_client.get("/alerts/rules", page_size=100)["items"]
    rule = next(one for one in rules if one["name"] == "Container down")
    quick = admin_client.send(
        "PATCH", f"/alerts/rules/{rule['id']}", {"for_s": 2, "clear_for_s": 2}
    )
    assert quick.status_code == 200
    page = opened(browser, console.url)
    page.goto(f"{console.url}/admin/monitoring/alert/")
    row = page.locator("#result_list tr").filter(has_text=VICTIM)
    expect(row).to_have_count(0)
    with admin_client.socket() as socket:
        socket.send(json.dumps({"type": "subscribe", "topic": "alerts"}))
        lab.web1.docker("kill", VICTIM)
        expect(row).to_contain_text("exited with code 137", timeout=WITHIN_S * 1000)
        expect(row).to_contain_text("firing", timeout=WITHIN_S * 1000)
        heard = ""
        while VICTIM not in heard or '"firing"' not in heard:
            heard = str(socket.recv(timeout=WITHIN_S))
    (alert,) = alerts(admin_client, state="firing")
    until(lambda: len(mails(mailbox)) == 1, timeout_s=WITHIN_S)
    assert alert["message"] == "It exited with code 137."
    detail = f"/alerts/{alert['id']}"
    until(lambda: admin_client.get(detail)["cause"]["log"] is not None, timeout_s=WITHIN_S)
    lab.web1.docker("start", VICTIM)
    expect(row).to_have_count(0, timeout=WITHIN_S * 1000)
    until(lambda: len(mails(mailbox)) == 2, timeout_s=WITHIN_S)
    assert alerts(admin_client, state="firing") == []
    first, last = mails(mailbox)
    assert "code 137" in first and "resolved" in last.lower()
    page.context.close()
