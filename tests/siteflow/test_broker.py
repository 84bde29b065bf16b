from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import InterfaceError, transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ

from siteflow import broker as module
from siteflow.broker import DoorbellBroker, doorbell_of

pytestmark = pytest.mark.django_db(transaction=True)


class SpyBell:
    def __init__(self) -> None:
        self.rings = 0
        self.waits = 0

    def ring(self) -> None:
        self.rings += 1

    def wait(self, *, timeout_s: float) -> None:
        self.waits += 1


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> SpyBell:
    spy = SpyBell()
    monkeypatch.setattr(module, "doorbell_of", lambda queue: spy)
    return spy


@pytest.fixture
def broker() -> DoorbellBroker:
    return DoorbellBroker(list_key="test")


def test_the_settings_choose_it() -> None:
    assert isinstance(get_broker(), DoorbellBroker)


def test_putting_in_rings_after_the_commit(broker: DoorbellBroker, bell: SpyBell) -> None:
    broker.enqueue("a task")
    assert bell.rings == 1
    with transaction.atomic():
        broker.enqueue("another")
        assert bell.rings == 1
    assert bell.rings == 2


def test_what_was_rolled_back_does_not_ring(broker: DoorbellBroker, bell: SpyBell) -> None:
    with transaction.atomic():
        broker.enqueue("a task")
        transaction.set_rollback(True)
    assert bell.rings == 0 and OrmQ.objects.count() == 0


def test_taking_out_in_order_without_a_wait(broker: DoorbellBroker, bell: SpyBell) -> None:
    first, second = broker.enqueue("1"), broker.enqueue("2")
    assert broker.dequeue() == [(first, "1")]
    assert broker.dequeue() == [(second, "2")]
    assert bell.waits == 0


def test_an_empty_queue_waits_for_the_bell(broker: DoorbellBroker, bell: SpyBell) -> None:
    assert broker.dequeue() is None
    assert bell.waits == 1


def test_what_is_taken_is_nobody_elses(broker: DoorbellBroker, bell: SpyBell) -> None:
    broker.enqueue("1")
    assert broker.dequeue()
    assert DoorbellBroker(list_key="test").dequeue() is None
    assert OrmQ.objects.get().lock > timezone.now() + timedelta(hours=1)


def test_another_queues_tasks_stay(broker: DoorbellBroker, bell: SpyBell) -> None:
    DoorbellBroker(list_key="other").enqueue("1")
    assert broker.dequeue() is None


def test_who_lost_the_race_looks_again_at_once(
    broker: DoorbellBroker, bell: SpyBell, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.enqueue("1")
    monkeypatch.setattr(broker, "_take", lambda pk, lock: False)
    assert broker.dequeue() is None
    assert bell.waits == 0


def test_a_database_away_is_waited_for(
    broker: DoorbellBroker,
    bell: SpyBell,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise InterfaceError("server closed the connection")

    broker.enqueue("1")
    with monkeypatch.context() as patched:
        patched.setattr(broker, "_claim", fail)
        assert broker.dequeue() is None
    assert bell.waits == 1 and "server closed the connection" in caplog.text
    assert broker.dequeue()


@pytest.fixture
def real_bell(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.DATA_DIR, settings.REDIS_URL = tmp_path, None
    doorbell_of.cache_clear()
    yield
    doorbell_of.cache_clear()


def test_the_real_bell_ends_the_wait(
    broker: DoorbellBroker, real_bell: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_S", 10.0)
    assert broker.dequeue() is None  # begins to listen
    broker.enqueue("1")
    assert broker.dequeue()
    broker.enqueue("2")
    broker.dequeue()
    started = time.monotonic()
    assert broker.dequeue() is None  # the ring of a task already taken costs one look
    assert time.monotonic() - started < 5
