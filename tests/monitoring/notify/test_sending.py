"""The senders with a service in memory; threads of theirs use a database of their own."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.database import DatabaseThreads
from monitoring.notify.models import Channel, Delivery
from monitoring.notify.queueing import queue
from monitoring.notify.sending import Senders
from provisioning.drivers.notify import Message, Service
from tests.monitoring.notify.conftest import CHANNELS, notice
from tests.monitoring.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
START = Callable[[], Senders]


class Services:
    """By path: ``ok`` takes all, ``slow`` answers when it is let, ``bad`` never takes any."""

    def __init__(self) -> None:
        self.told: defaultdict[str, list[Message]] = defaultdict(list)
        self.at_once = self.most_at_once = 0
        self.let_go = threading.Event()
        self._lock = threading.Lock()

    def tell(self, service: Service, message: Message) -> str:
        name = service.url.rpartition("/")[2]
        with self._lock:
            self.told[name].append(message)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        if name.startswith("slow"):
            self.let_go.wait(60)
        with self._lock:
            self.at_once -= 1
        return "It answered 500." if name.startswith("bad") else ""


@pytest.fixture
def services() -> Iterator[Services]:
    made = Services()
    yield made
    made.let_go.set()


@pytest.fixture
def start(services: Services) -> Iterator[START]:
    database = DatabaseThreads()
    made: list[Senders] = []

    def begin() -> Senders:
        made.append(Senders(database=database, tell=services.tell, turn_s=0.02))
        made[-1].start()
        return made[-1]

    yield begin
    services.let_go.set()
    for one in made:
        one.close(timeout_s=10)
    until(lambda: services.at_once == 0)
    database.close(timeout_s=10)


def make_due() -> None:
    Delivery.objects.update(next_at=timezone.now())


def sent(count: int) -> Callable[[], bool]:
    return lambda: Delivery.objects.filter(state="sent").count() == count


def test_a_slow_service_delays_no_other(
    channel: CHANNELS, services: Services, start: START
) -> None:
    for count in range(3):
        channel(f"json://example.org/slow{count}")
    channel("json://example.org/ok")
    queue(notice())
    make_due()
    start()
    until(sent(1))
    assert list(services.told).count("ok") == 1
    services.let_go.set()
    until(sent(4))
    assert all(len(told) == 1 for told in services.told.values())


def test_so_many_at_once_and_ailing_ones_half_of_them(
    channel: CHANNELS, services: Services, start: START
) -> None:
    for count in range(20):
        channel(f"json://example.org/slow{count}", retry_at=timezone.now())
    queue(notice())
    make_due()
    start()
    until(lambda: services.at_once == 4)
    channel("json://example.org/ok")
    queue(notice("news"))
    make_due()
    until(lambda: len(services.told["ok"]) == 1)
    assert services.most_at_once <= 5
    services.let_go.set()
    until(lambda: not Delivery.objects.exclude(state="sent").exists())
    assert services.most_at_once <= 8


def test_two_senders_tell_each_thing_once(
    channel: CHANNELS, services: Services, start: START
) -> None:
    for count in range(12):
        channel(f"json://example.org/ok{count}")
    start()
    start()
    for title in ("a", "b", "c"):
        queue(notice(title))
        make_due()
    until(sent(36))
    for several in services.told.values():
        bodies = "".join(f"{message.title}\n{message.body}\n" for message in several)
        assert sorted(re.findall(r"Critical: (\w)", bodies)) == ["a", "b", "c"]


def test_a_sender_that_dies_leaves_it_to_the_next_after_its_lease(
    channel: CHANNELS, services: Services, start: START
) -> None:
    from monitoring.notify.claiming import claim

    row = channel("json://example.org/ok")
    queue(notice())
    make_due()
    assert claim(row.pk, now=timezone.now())  # and is never heard of again
    start()
    Channel.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    until(sent(1))
    assert len(services.told["ok"]) == 1


def test_a_failure_is_kept_in_words_and_does_not_stop_the_others(
    channel: CHANNELS, services: Services, start: START
) -> None:
    channel("json://example.org/bad")
    channel("json://example.org/ok")
    queue(notice())
    make_due()
    start()
    until(sent(1))
    until(lambda: Delivery.objects.filter(state="failed").exists())
    row = Delivery.objects.get(state="failed")
    assert (row.attempts, row.error) == (1, "It answered 500.")
    assert row.next_at > timezone.now()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"encrypted": "gAAAA"}, "cannot be decrypted"),
        ({"kind": "syslog"}, "none that SiteFlow tells"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_failure_in_words(
    channel: CHANNELS, services: Services, start: START, damage: dict[str, str], words: str
) -> None:
    channel()
    Channel.objects.update(**damage)
    queue(notice())
    make_due()
    start()
    until(lambda: Delivery.objects.filter(state="failed", error__contains=words).exists())
    assert not services.told


def test_a_chat_service_gets_the_harmless_text(
    channel: CHANNELS, services: Services, start: START
) -> None:
    channel("slack://a/b/c/ok", kind="slack")
    channel("json://example.org/hook", kind="json")
    queue(notice("@everyone"))
    make_due()
    start()
    until(sent(2))
    assert services.told["ok"][0].title == "Critical: @\u200beveryone"
    assert services.told["hook"][0].title == "Critical: @everyone"
