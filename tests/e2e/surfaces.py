"""Everywhere an alert shows: console page, API, socket and mailbox, looked at together."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Locator, Page, expect
from websockets.sync.client import ClientConnection

from tests.monitoring.notify.mail_server import Mailbox
from tests.stack import Client

WITHIN_S: Final = 90.0
_PAUSE_S: Final = 0.2


@dataclass(frozen=True)
class Expected:
    """An alert: by which rule, about what, and what it says of why."""

    rule: str
    subject: str
    why: str


class Surfaces:
    """``page`` shows the list of alerts, ``socket`` is subscribed to them."""

    def __init__(self, page: Page, client: Client, socket: ClientConnection, box: Mailbox) -> None:
        self._page, self._client, self._box = page, client, box
        self._heard: list[Any] = []
        # Read at once, or it would hold back pongs as well while a browser is waited for.
        threading.Thread(target=self._listen, args=(socket,), daemon=True).start()

    def _listen(self, socket: ClientConnection) -> None:
        for text in socket:  # ends when it is closed
            told = json.loads(text)
            self._heard += told["items"] if told["type"] == "alerts.update" else []

    def fires(self, wanted: Expected) -> Any:
        """It is on all four, once, with its cause; returns it as the API has it."""
        _until(lambda: self._listed(wanted, "firing"), f"no {wanted} in the API")
        (alert,) = self._listed(wanted, "firing")
        assert wanted.why in alert["message"], alert["message"]
        row = self._row(wanted)
        expect(row).to_have_count(1, timeout=WITHIN_S * 1000)
        expect(row).to_contain_text(wanted.why, timeout=WITHIN_S * 1000)
        expect(row).to_contain_text("firing", timeout=WITHIN_S * 1000)
        _until(lambda: self._told(alert["id"], "firing"), f"the socket does not tell {wanted}")
        _until(lambda: self._mailed(wanted), f"no mail tells {wanted}")
        return self._client.get(f"/alerts/{alert['id']}")

    def is_over(self, wanted: Expected, alert: Any) -> None:
        """It went from all four, and each told it once."""
        key = alert["id"]
        _until(lambda: not self._listed(wanted, "firing"), f"{wanted} still fires")
        assert self._client.get(f"/alerts/{key}")["state"] == "resolved"
        expect(self._row(wanted)).to_have_count(0, timeout=WITHIN_S * 1000)
        _until(lambda: self._told(key, "resolved"), f"the socket does not tell the end of {wanted}")
        _until(lambda: len(self._mailed(wanted)) > 1, f"no mail tells the end of {wanted}")
        firing, resolved = self._mailed(wanted)
        assert resolved.startswith(f"Resolved: {wanted.rule}") and "Resolved" not in firing
        assert {one["id"] for one in self._heard if _is(one, wanted)} == {key}

    def still_fires(self, wanted: Expected) -> bool:
        return bool(self._listed(wanted, "firing"))

    def _row(self, wanted: Expected) -> Locator:
        rows = self._page.locator("#result_list tr").filter(has_text=wanted.rule)
        name = self._page.get_by_role("link", name=wanted.subject, exact=True)
        return rows.filter(has=name)

    def _listed(self, wanted: Expected, state: str) -> list[Any]:
        found = self._client.get("/alerts", state=state, page_size=100)["items"]
        return [one for one in found if _is(one, wanted)]

    def _told(self, key: int, state: str) -> bool:
        return any((one["id"], one["state"]) == (key, state) for one in list(self._heard))

    def _mailed(self, wanted: Expected) -> list[str]:
        """Lines and subjects of mails that name it; several alerts may share a mail."""
        lines = [
            line.lstrip("• ")
            for mail in list(self._box.mails)
            for line in (str(mail["Subject"]), *mail.get_content().splitlines())
        ]
        return [line for line in lines if f"{wanted.rule}: {wanted.subject}" in line]


def _is(alert: Any, wanted: Expected) -> bool:
    return bool((alert["rule_name"], alert["subject_name"]) == (wanted.rule, wanted.subject))


def _until(condition: Callable[[], object], complaint: str) -> None:
    """Asks less often than a browser would need to keep up beside it."""
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, f"{complaint} within {WITHIN_S:g} s"
        time.sleep(_PAUSE_S)
