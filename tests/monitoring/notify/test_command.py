from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import Entry
from monitoring.management.commands import notify
from monitoring.notify.claiming import claim, failed, told
from monitoring.notify.models import Delivery
from tests.monitoring.notify.conftest import CHANNELS


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("notify", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the service says to each message, "" for yes; the monitor is played here."""
    answers: list[str] = []

    def sleep(pause_s: float) -> None:
        now = timezone.now()
        taken = claim(Delivery.objects.latest("pk").channel_id, now=now)
        if taken and answers:
            error = answers.pop(0)
            failed(taken, error, now=now) if error else told(taken, now=now)

    monkeypatch.setattr(time, "sleep", sleep)
    return answers


def test_channels_are_listed_without_their_addresses(channel: CHANNELS) -> None:
    channel("json://robot:s3cret@192.0.2.1/", name="ops", hint="json://192.0.2.1/…")
    for shown in (run("list"), run("list", "--json")):
        assert "ops" in shown and "s3cret" not in shown
    (row,) = json.loads(run("list", "--json"))
    assert (row["name"], row["min_severity"], row["enabled"]) == ("ops", "warning", True)


def test_a_test_that_was_told(channel: CHANNELS, answer: list[str]) -> None:
    channel(name="ops")
    answer.append("")
    told_of: dict[str, Any] = json.loads(run("test", "ops", "--json"))
    assert (told_of["state"], told_of["channel_name"]) == ("sent", "ops")
    assert Entry.objects.latest("id").action == "channel.test"


def test_a_test_that_failed_is_exit_code_1(channel: CHANNELS, answer: list[str]) -> None:
    channel(name="ops")
    answer.append("It answered 500.")
    with pytest.raises((CommandError, SystemExit)) as ended:
        run("test", "ops")
    assert getattr(ended.value, "returncode", getattr(ended.value, "code", 0)) == 1
    assert Delivery.objects.get().error == "It answered 500."


def test_without_a_monitor_it_says_so(
    channel: CHANNELS, answer: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "WAIT_S", 0.0)
    channel(name="ops")
    with pytest.raises(CommandError, match="see that the monitor runs"):
        run("test", "ops")
    assert json.loads(run("test", "ops", "--no-wait", "--json"))["state"] == "waiting"


def test_an_unknown_channel_is_a_wrong_usage(db: None) -> None:
    with pytest.raises(CommandError) as refused:
        run("test", "nobody")
    assert refused.value.returncode == 2
