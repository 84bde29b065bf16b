from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from monitoring import extras
from monitoring.extras import ExtraReads, read_extras
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.systemd import list_argv
from sites.models import Host
from tests.monitoring.waiting import until
from tests.provisioning.rows import make_host

pytestmark = pytest.mark.django_db(transaction=True)


def test_facts_and_services_are_stored() -> None:
    host, fake = make_host(), FakeHost()
    fake.answer("uname", stdout="Linux web1 6.1.0-18-amd64 x86_64\n")
    fake.answer(*list_argv(), stdout="caddy.service loaded active running Caddy\n")
    read_extras(host.pk, fake, False)
    row = Host.objects.get()
    assert row.facts["kernel"] == "6.1.0-18-amd64"
    assert [service["name"] for service in row.services] == ["caddy.service"]
    assert row.facts_at is not None and row.services_at is not None


def test_disk_usage_is_read_seldom_and_kept_meanwhile() -> None:
    host = make_host(facts={"docker_images_bytes": 17})
    fake = FakeHost()
    read_extras(host.pk, fake, False)
    assert Host.objects.get().facts["docker_images_bytes"] == 17
    assert ("docker", "disk_usage") not in fake.ran


def test_a_removed_host_is_not_asked() -> None:
    fake = FakeHost()
    read_extras(17, fake, True)
    assert fake.ran == []


class Reads:
    """Stands in for the reading, and can be made to hang."""

    def __init__(self, *errors: Exception) -> None:
        self.begun: list[tuple[int, bool]] = []
        self.go_on = threading.Event()
        self.errors = list(errors)

    def __call__(self, key: int, driver: Any, with_disk_usage: bool) -> None:
        self.begun.append((key, with_disk_usage))
        self.go_on.wait(5)
        if self.errors:
            raise self.errors.pop(0)


def test_a_host_is_read_once_at_a_time_and_when_its_turn_has_come() -> None:
    host, fake, reads = make_host(), FakeHost(), Reads()
    extra = ExtraReads(read=reads, every_s=0.0, threads=2)
    extra.offer(host, fake)
    until(lambda: reads.begun)
    extra.offer(host, fake)
    reads.go_on.set()
    until(lambda: host.pk not in extra._under_way)
    extra.offer(host, fake)
    until(lambda: len(reads.begun) == 2)
    extra.close()
    assert reads.begun == [(host.pk, True), (host.pk, False)]


def test_within_the_minute_nothing_is_read() -> None:
    host, fake, reads = make_host(), FakeHost(), Reads()
    reads.go_on.set()
    extra = ExtraReads(read=reads)
    extra.offer(host, fake)
    until(lambda: reads.begun and host.pk not in extra._under_way)
    extra.offer(host, fake)
    extra.close()
    assert len(reads.begun) == 1


def test_failures_are_soft(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "monitoring.extras")
    host, fake = make_host(), FakeHost()
    reads = Reads(DriverError("web1: slow", "timeout"), ValueError("a bug"))
    reads.go_on.set()
    extra = ExtraReads(read=reads, every_s=0.0, threads=1)
    for _ in range(3):
        extra.offer(host, fake)
        until(lambda: not extra._under_way)
    extra.close()
    assert Host.objects.get().state == "reachable"
    assert len(reads.begun) == 3
    assert [record.levelname for record in caplog.records] == ["INFO", "ERROR"]


def test_one_slow_host_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, quick, reads = make_host("slow"), make_host("quick"), Reads()
    extra = ExtraReads(read=reads, threads=extras.THREADS)
    extra.offer(slow, FakeHost())
    extra.offer(quick, FakeHost())
    until(lambda: len(reads.begun) == 2)
    reads.go_on.set()
    extra.close()
