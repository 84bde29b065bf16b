"""A real host in trouble: the right alert, once, with its cause, and over when it is mended."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from monitoring.alerts.models import Alert, Rule, SiteProbe
from monitoring.notify.models import Channel, Delivery
from provisioning.drivers import pool
from provisioning.drivers.facts import read_facts
from provisioning.drivers.pool import host_driver
from provisioning.models import Proxy
from provisioning.operations.hosts import store_facts
from provisioning.targets import target_of
from sites.models import Host, Site
from tests.lab import Host as LabHost
from tests.lab import Lab
from tests.monitoring.alerts.world import rule
from tests.monitoring.lab_hosts import container_state, fresh, register
from tests.monitoring.process import monitoring
from tests.monitoring.waiting import until
from tests.provisioning.certificates.making import made
from tests.provisioning.site_rows import make_site

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
NAME = "news.test"
WITHIN_S = 90.0


@contextmanager
def served(host: LabHost, folder: Path, *, days: float) -> Iterator[None]:
    """Something that speaks HTTPS on the host's own port 443, for as long as the block."""
    pair = made(NAME, now=timezone.now(), ends=timedelta(days=days))
    (folder / "cert.pem").write_bytes(pair.pem)
    (folder / "key.pem").write_bytes(pair.key_pem)
    argv = ["nsenter", f"--target={host.init.pid}", "--net", "openssl", "s_server", "-quiet",
            "-www", "-accept", "443", "-cert", "cert.pem", "-key", "key.pem"]  # fmt: skip
    server = subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def host(lab: Lab) -> Iterator[Host]:
    """With a site behind a proxy, and rules that are quick."""
    row = register(lab.web1)
    Proxy.objects.create(host=row)
    make_site(row, "news", domain=NAME).domains.update(tls="internal")
    for kind in ("host_unreachable", "container_down", "site_down", "certificate"):
        rule(kind, name=kind, for_s=0, clear_for_s=0)
    rule("threshold", name="disk", of="disk", metric="used_percent", threshold=95.0, for_s=0,
         clear_for_s=0)  # fmt: skip
    # What failed on this host before is not what is looked for here.
    Rule.objects.filter(kind="container_down").update(for_s=3)
    channel = Channel(name="somebody", kind="json", min_severity="info")
    channel.seal("json://127.0.0.1:9/")
    channel.save()
    yield row
    pool.close_all()


def state_of(kind: str, name: str) -> list[str]:
    rows = Alert.objects.filter(rule_name=kind, subject_name=name).order_by("pk")
    return list(rows.values_list("state", flat=True))


def becomes(kind: str, name: str, state: str) -> Alert:
    until(lambda: state_of(kind, name) == [state], timeout_s=WITHIN_S)
    return Alert.objects.get(rule_name=kind, subject_name=name)


def read_disks(host: Host) -> None:
    """As the monitor does once a minute."""
    row = Host.objects.get(pk=host.pk)
    store_facts(row, read_facts(host_driver(target_of(row)), disk_usage=False).to_dict())


def told(alert: Alert) -> list[str]:
    rows = Delivery.objects.filter(key=f"alert:{alert.pk}").order_by("pk")
    return list(rows.values_list("kind", flat=True))


def test_each_trouble_is_told_once_and_is_over_when_it_is_mended(
    lab: Lab, host: Host, tmp_path: Path
) -> None:
    web1 = lab.web1
    with monitoring(tmp_path / "log", MONITOR_INTERVAL_S="2"):
        with served(web1, tmp_path, days=2.5):
            until(lambda: fresh("web1"), timeout_s=WITHIN_S)
            web1.docker("kill", "legacy")
            web1.fill_disk("/srv")
            read_disks(host)
            ending = becomes("certificate", NAME, "firing")
            assert ending.severity == "critical" and "It ends in 2.5 days" in ending.message
            dead = becomes("container_down", "legacy", "firing")
            assert dead.message == "It exited with code 137."
            full = becomes("disk", "web1 /srv", "firing")
            assert full.value == 100
            web1.docker("start", "legacy")
            web1.empty_disk()
            becomes("container_down", "legacy", "resolved")
            until(lambda: Alert.objects.get(pk=dead.pk).log is not None)
            assert told(dead) == ["firing", "resolved"] and told(full) == ["firing"]
        SiteProbe.objects.update(due_at=timezone.now())
        silent = becomes("site_down", "news", "firing")
        assert silent.message.startswith(f"https://{NAME}/: ")
        web1.cut()
        away = becomes("host_unreachable", "web1", "firing")
        until(lambda: Alert.objects.get(pk=silent.pk).unseen_because == "web1 is unreachable")
        web1.heal()
        becomes("host_unreachable", "web1", "resolved")
        assert told(away) == ["firing", "resolved"] and told(silent) == ["firing"]
        until(lambda: Alert.objects.get(pk=silent.pk).unseen_since is None, timeout_s=WITHIN_S)
    assert container_state("web1", "legacy") == "running"
    assert Site.objects.filter(name="news").exists()
