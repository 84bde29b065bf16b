"""The monitor looks at certificates by itself, one host at a time by itself, and each apart."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from monitoring.certificates import CertificateLooks
from monitoring.database import DatabaseThreads
from provisioning.certificates import looking
from provisioning.certificates.models import CertificateCheck, check_soon
from provisioning.drivers.fake import FakeHost
from sites.models import Domain
from tests.monitoring.waiting import until
from tests.provisioning.certificates.conftest import no_dns
from tests.provisioning.certificates.making import made
from tests.provisioning.certificates.things import NAME, domain_of, serve
from tests.provisioning.rows import make_host

__all__ = ["no_dns"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def looks() -> Iterator[CertificateLooks]:
    """It never has a turn by itself here."""
    database = DatabaseThreads()
    one = CertificateLooks(database=database, turn_s=3600)
    yield one
    until(lambda: not one._under_way)
    one.close()
    database.close()


def serving(name: str = "web1") -> FakeHost:
    fake = FakeHost(name)
    serve(fake, made(NAME, now=timezone.now()))
    return fake


def test_what_is_due_is_looked_at_and_then_left_alone(looks: CertificateLooks) -> None:
    host, fake = make_host(), serving()
    domain = domain_of(host)
    for _ in range(2):
        looks.offer(host, fake)
        looks.turn()
        until(lambda: not looks._under_way)
    first = CertificateCheck.objects.get(domain=domain)
    assert first.outcome == "served"
    looks.offer(host, fake)
    looks.turn()
    until(lambda: not looks._under_way)
    assert CertificateCheck.objects.get(domain=domain).tried_at == first.tried_at
    check_soon(Domain.objects.all())
    looks.offer(host, fake)
    looks.turn()
    until(lambda: CertificateCheck.objects.get(domain=domain).tried_at != first.tried_at)


def test_a_host_that_is_not_read_any_more_is_not_asked(looks: CertificateLooks) -> None:
    domain_of(make_host())
    looks.turn()
    assert not looks._under_way and not CertificateCheck.objects.exists()


def test_one_that_hangs_holds_up_no_other_and_is_not_asked_twice(
    looks: CertificateLooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = make_host("slow"), make_host("quick")
    domain_of(slow), domain_of(quick)
    begun, go_on = threading.Semaphore(0), threading.Event()

    def served_chain(host: FakeHost, *given: Any, **more: Any) -> tuple[bytes, ...]:
        if host.name == "slow":
            begun.release()
            go_on.wait(20)
        return (made(NAME, now=timezone.now()).der,)

    monkeypatch.setattr(looking, "served_chain", served_chain)
    for _ in range(3):
        looks.offer(slow, FakeHost("slow"))
        looks.offer(quick, FakeHost("quick"))
        looks.turn()
        until(lambda: looks._under_way.keys() == {slow.pk})
    assert [row.domain.host for row in CertificateCheck.objects.all()] == [quick]
    go_on.set()
    until(lambda: not looks._under_way)
    assert begun.acquire(blocking=False) and not begun.acquire(blocking=False)
    assert CertificateCheck.objects.filter(outcome="served").count() == 2


def test_a_mistake_of_ours_is_not_repeated_at_once(
    looks: CertificateLooks, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "monitoring.rounds")
    host = make_host()
    domain_of(host)

    def fails(*given: Any, **more: Any) -> Any:
        raise ValueError("a bug")

    monkeypatch.setattr("monitoring.certificates.look", fails)
    for _ in range(3):
        looks.offer(host, FakeHost())
        looks.turn()
        until(lambda: not looks._under_way)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert not CertificateCheck.objects.exists()


def test_it_has_turns_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    database = DatabaseThreads()
    looks = CertificateLooks(database=database, turn_s=0.01)
    looks.start()
    host, fake = make_host(), serving()
    domain_of(host)
    looks.offer(host, fake)
    until(lambda: CertificateCheck.objects.filter(outcome="served").exists())
    until(lambda: not looks._under_way)
    looks.close()
    database.close()


def test_a_removed_host_is_let_go(looks: CertificateLooks) -> None:
    host = make_host()
    domain_of(host)
    looks.offer(host, serving())
    looks._look_at(host.pk + 1, serving())
    host.delete()
    looks.turn()
    assert not looks._under_way and not CertificateCheck.objects.exists()


def test_no_name_server_is_asked_here() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(NAME, None)
