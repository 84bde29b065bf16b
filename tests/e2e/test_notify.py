"""From a notice to a webhook, by running processes, one of which is killed in the middle."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.monitoring.notify.hook_server import Hooks, hooks
from tests.monitoring.waiting import until
from tests.stack import Client, Stack, stack

pytestmark = pytest.mark.e2e

QUEUE = """
from django.db import transaction
from monitoring.notify.notices import Notice
from monitoring.notify.queueing import queue
from sites.models import Host
host = Host.objects.first() or Host.objects.create(name="web1", address="192.0.2.1")
with transaction.atomic():
    for title in {titles}:
        queue(Notice(key=title, kind="firing", severity="critical", title=title, body="why",
                     path="/", host_id=host.pk, site_id=None))
"""
END_THE_LEASE = """
from django.utils import timezone
from monitoring.notify.models import Channel
Channel.objects.update(held_until=timezone.now())
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    with stack() as one:
        yield one


@pytest.fixture(scope="module")
def hook() -> Iterator[Hooks]:
    with hooks() as server:
        yield server


@pytest.fixture
def client(running: Stack) -> Client:
    return running.client()


def channel(client: Client, hook: Hooks, path: str) -> int:
    """The only one that is on."""
    for row in client.get("/notifications/channels")["items"]:
        off = client.send("PATCH", f"/notifications/channels/{row['id']}", {"enabled": False})
        assert off.ok, off.text
    body = {"name": path, "url": f"{hook.address}/{path}"}
    made = client.post("/notifications/channels", body)
    assert made.status_code == 201, made.text
    key: int = made.json()["id"]
    return key


def deliveries(client: Client, key: int) -> list[tuple[str, int]]:
    rows = client.get("/notifications/deliveries", channel=key)["items"]
    return [(row["state"], row["attempts"]) for row in rows]


def say(running: Stack, *titles: str) -> None:
    running.manage("shell", "-c", QUEUE.format(titles=titles))


def test_several_at_once_are_one_message(running: Stack, client: Client, hook: Hooks) -> None:
    key = channel(client, hook, "ok/several")
    say(running, "a", "b", "c", "d", "e")
    until(lambda: deliveries(client, key) == [("sent", 1)] * 5, timeout_s=60)
    (told,) = [body for path, body in hook.told if path == "/ok/several"]
    assert told["title"] == "5 alerts on web1"


def test_one_that_failed_is_told_once_when_it_is_tried_again(
    running: Stack, client: Client, hook: Hooks
) -> None:
    key = channel(client, hook, "flaky/one")
    say(running, "shop is down")
    until(lambda: deliveries(client, key) in ([("failed", 1)], [("sent", 2)]), timeout_s=60)
    until(lambda: deliveries(client, key) == [("sent", 2)], timeout_s=60)
    assert hook.count("/flaky/one") == 2
    row = client.get("/notifications/deliveries", channel=key)["items"][0]
    again = client.post(f"/notifications/deliveries/{row['id']}/try-again")
    assert again.status_code == 409


def test_a_monitor_that_is_killed_in_the_middle_loses_nothing(
    running: Stack, client: Client, hook: Hooks
) -> None:
    key = channel(client, hook, "stuck/one")
    say(running, "shop is down")
    until(lambda: hook.count("/stuck/one") == 1, timeout_s=60)
    (monitor,) = running.processes("monitor")
    os.kill(monitor, signal.SIGKILL)
    running.manage("shell", "-c", END_THE_LEASE)  # instead of waiting until it ends
    until(lambda: deliveries(client, key)[0][0] == "sent", timeout_s=120)
    assert hook.count("/stuck/one") == 2  # whether the first was heard, nobody knows


def test_a_test_says_what_the_service_answered(running: Stack, client: Client, hook: Hooks) -> None:
    key = channel(client, hook, "wrong/test")
    sent = client.post(f"/notifications/channels/{key}/test").json()
    path = f"/notifications/deliveries/{sent['id']}"
    until(lambda: client.get(path)["state"] == "given_up", timeout_s=60)
    assert client.get(path)["error"] == "It answered 500."
    told = running.manage("notify", "test", "wrong/test", check=False)
    assert "It answered 500." in told and "given_up" in told
