"""From a look to a quick pace and back, and what is told meanwhile, with a host in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitoring.database import DatabaseThreads
from monitoring.models import Look
from monitoring.usage import looks, telling
from monitoring.usage.looks import LEASE, Thing
from monitoring.usage.ticks import Ticks
from monitoring.usage.usage import Usage
from sites.models import Container, Host
from tests.monitoring.usage.clocks import Hands
from tests.monitoring.usage.test_sampling import Machine, rows
from tests.monitoring.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
RARELY_S = 3600.0


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    messages: list[Any] = []

    def publish(topics: list[str], message: Any, *, scope: Any) -> None:
        messages.append({**message, "topics": topics})

    monkeypatch.setattr(telling, "publish", publish)
    return messages


@pytest.fixture
def usage() -> Iterator[Usage]:
    database = DatabaseThreads()
    usage = Usage(database=database, interval_s=RARELY_S, monitor="me")
    yield usage
    usage.close()
    database.close()


def watched(machine: Machine) -> Host:
    host = rows(machine)
    held = {"monitored_by": "me", "monitored_until": timezone.now() + timedelta(hours=1)}
    Host.objects.filter(pk=host.pk).update(**held)
    return host


def leave() -> None:
    """As time does."""
    Look.objects.update(until=timezone.now() - LEASE)


def test_each_second_while_somebody_looks(usage: Usage, sent: list[Any]) -> None:
    machine = Machine("a")
    host = watched(machine)
    row = Container.objects.get()
    usage.begin(host.pk, machine)
    until(lambda: len(machine.asked) == 1)
    assert usage.interval_s(host.pk) == RARELY_S
    usage.look()
    assert len(machine.asked) == 1
    assert sent == []
    looks.renew([Thing("container", row.pk), Thing("host", host.pk)], now=timezone.now())
    usage.look()
    until(lambda: len(sent) >= 4)  # two messages a tick
    message = next(each for each in sent if each["topics"] == [f"metrics.{row.pk}"])
    assert message["items"][0]["values"]["memory_bytes"] == 1_000_000
    leave()
    usage.look()
    assert usage.interval_s(host.pk) == RARELY_S
    usage.begin(host.pk, another := Machine("a"))
    told = len(sent)
    until(lambda: len(another.asked) == 1)
    usage.look()
    assert len(sent) == told


def test_looking_at_one_host_quickens_no_other(usage: Usage, sent: list[Any]) -> None:
    machine, other = Machine("a"), Machine("a")
    host = watched(machine)
    usage.begin(host.pk, machine)
    usage.begin(host.pk + 1, other)
    looks.renew([Thing("host", host.pk)], now=timezone.now())
    usage.look()
    until(lambda: len(machine.asked) > 2)
    assert len(other.asked) <= 1


def test_who_looks_at_a_host_that_is_not_read_is_told_since_when(
    usage: Usage, sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = Hands()
    monkeypatch.setattr(usage, "_ticks", Ticks(clock=hands))
    host = watched(Machine("a"))
    looks.renew([Thing("host", host.pk)], now=timezone.now())
    usage.look()
    assert sent == []
    hands.pass_s(5)
    usage.look()
    usage.look()
    [message] = sent
    [item] = message["items"]
    assert (item["known"], item["values"]) == (False, None)
    assert item["unknown_since"] == host.inventory_at
