"""What alerts ask hosts for: whether sites answer, and the last lines of a container."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitoring.alerts import last_lines
from monitoring.alerts.looks import AlertLooks
from monitoring.alerts.models import SiteProbe
from monitoring.database import DatabaseThreads
from provisioning.drivers import http_probe
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.http_probe import ProbeAnswer
from sites.models import Site
from tests.monitoring.alerts.things import make_alert
from tests.monitoring.waiting import until
from tests.provisioning.rows import make_container, make_host
from tests.provisioning.site_rows import make_proxy, make_site

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site() -> Site:
    host = make_host()
    make_proxy(host)
    return make_site(host, domain="shop.example.com")


@pytest.fixture
def looks() -> Iterator[AlertLooks]:
    """It never has a turn by itself here."""
    database = DatabaseThreads()
    one = AlertLooks(database=database, turn_s=3600)
    yield one
    until(lambda: not one._under_way)
    one.close()
    database.close()


def answers(monkeypatch: pytest.MonkeyPatch, what: Any) -> list[str]:
    """``what``: a status, or the error of the driver."""
    asked: list[str] = []

    def get(host: Any, url: str, **given: Any) -> ProbeAnswer:
        asked.append(url)
        if isinstance(what, DriverError):
            raise what
        return ProbeAnswer(what, {}, b"", None, 5)

    monkeypatch.setattr(http_probe, "get", get)
    return asked


def look(looks: AlertLooks, site: Site, fake: FakeHost | None = None) -> SiteProbe:
    looks.offer(site.host, fake or FakeHost())
    looks.turn()
    until(lambda: not looks._under_way)
    return SiteProbe.objects.get(site=site)


@pytest.mark.parametrize(
    ("what", "outcome"),
    [
        (200, "answered"), (404, "answered"), (401, "answered"), (502, "silent"), (500, "silent"),
        (DriverError("closed", "port_closed"), "silent"),
        (DriverError("slow", "timeout"), "silent"),
        (DriverError("gone", "unreachable"), "unasked"),
    ],
)  # fmt: skip
def test_what_an_answer_says_of_a_site(
    looks: AlertLooks, site: Site, monkeypatch: pytest.MonkeyPatch, what: Any, outcome: str
) -> None:
    answers(monkeypatch, what)
    probe = look(looks, site)
    assert probe.outcome == outcome and (probe.checked_at is None) == (outcome == "unasked")


def test_a_site_that_awaits_its_first_certificate_is_not_down(
    looks: AlertLooks, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, DriverError("no certificate", "tls_failed"))
    site.domains.update(tls="acme")
    assert look(looks, site).outcome == "unasked"


def test_one_is_asked_when_its_turn_has_come(
    looks: AlertLooks, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answers(monkeypatch, 200)
    for _ in range(3):
        look(looks, site)
    assert len(asked) == 1
    SiteProbe.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    look(looks, site)
    assert len(asked) == 2


@pytest.mark.parametrize("change", [{"stage": "draft"}, {"stage": "provisioning"}])
def test_who_is_not_live_is_not_asked(
    looks: AlertLooks, site: Site, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    Site.objects.update(**change)
    assert answers(monkeypatch, 200) == []
    looks.offer(site.host, FakeHost())
    looks.turn()
    assert not looks._under_way and not SiteProbe.objects.exists()


def test_one_host_s_mistake_of_ours_is_not_repeated_at_once(
    looks: AlertLooks, site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*given: Any, **more: Any) -> Any:
        raise ValueError("a bug")

    monkeypatch.setattr(http_probe, "get", fails)
    for _ in range(2):
        looks.offer(site.host, FakeHost())
        looks.turn()
        until(lambda: not looks._under_way)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert not SiteProbe.objects.exists()


def test_the_last_lines_come_while_it_is_pending_and_without_secrets(looks: AlertLooks) -> None:
    host, fake = make_host(), FakeHost()
    row = make_container(host)
    alert = make_alert(row, state="pending")
    lines = [f"line {number}" for number in range(50)] + ["password=hunter2", "x" * 1000]

    def logs(docker_id: str, *, tail: int, since: int | None = None) -> list[str]:
        return lines[-tail:]

    fake.docker.logs = logs  # type: ignore[method-assign]
    looks.offer(host, fake)
    looks.turn()
    until(lambda: not looks._under_way)
    alert.refresh_from_db()
    assert alert.log is not None and len(alert.log) == last_lines.LINES
    assert "hunter2" not in str(alert.log) and max(map(len, alert.log)) <= last_lines.MAX_LINE
    assert not last_lines.hosts_with_unread([host.pk])


def test_a_container_without_a_log_is_not_asked_again(looks: AlertLooks) -> None:
    host, fake = make_host(), FakeHost()
    alert = make_alert(make_container(host))

    def none(docker_id: str, *, tail: int, since: int | None = None) -> list[str]:
        raise DriverError("no such container", "not_found")

    fake.docker.logs = none  # type: ignore[method-assign]
    looks.offer(host, fake)
    looks.turn()
    until(lambda: not looks._under_way)
    alert.refresh_from_db()
    assert alert.log == []
