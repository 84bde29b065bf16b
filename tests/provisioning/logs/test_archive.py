from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.fake_files import FakeFile
from provisioning.log_archive import keeping
from provisioning.log_archive.keeping import forget_old, keep_logs, keep_proxy_log
from provisioning.log_archive.models import LogArchive
from provisioning.proxy.models import Proxy
from sites.models import Domain, Site
from tests.people import alice, charlie, logged_in
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import make_release

__all__ = ["alice", "charlie"]
pytestmark = pytest.mark.django_db


class Told:
    """An operation's row and output."""

    row = None

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str, *, stream: str = "stdout") -> None:
        self.said.append(text)


@pytest.fixture
def site() -> Site:
    return Site.objects.create(host=make_host("web1"), name="shop")


@pytest.fixture
def host() -> FakeHost:
    made = FakeHost(containers=[fake_container("web")])
    made.logs["web"] = ["one", "secret-marker two"]
    return made


def keep(host: FakeHost, site: Site, *names: str, told: Told | None = None) -> Told:
    told = told or Told()
    ids = [
        (host.containers[name].docker_id if name in host.containers else name, name)
        for name in names
    ]
    keep_logs(told, host, site.host, site, ids, release=3)
    return told


def test_it_is_kept_encrypted_and_read_by_who_may(
    site: Site, host: FakeHost, alice: Any, charlie: Any
) -> None:
    assert keep(host, site, "web").said == []
    row = LogArchive.objects.get()
    assert (row.lines, row.is_whole, row.release, row.site_name) == (2, True, 3, "shop")
    assert "marker" not in row.encrypted
    client: Client = logged_in(alice)
    (item,) = client.get("/api/log-archives", {"site": site.pk}).json()["items"]
    assert (item["name"], item["lines"]) == ("web", 2) and "text" not in item
    told = client.get(f"/api/log-archives/{row.pk}").json()["text"].splitlines()
    assert told[1] == "2026-01-01T00:00:00.001000000Z stdout secret-marker two"
    answer = client.get(f"/api/log-archives/{row.pk}", {"format": "text"})
    assert answer["Content-Disposition"].startswith("attachment") and b"marker" in answer.content
    for path in ("", f"/{row.pk}"):
        assert logged_in(charlie).get(f"/api/log-archives{path}").status_code in (403, 404)


def test_what_cannot_be_kept_is_told_and_fails_nothing(
    site: Site, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keep(host, site, "gone").said == []

    def away(*_: object, **__: object) -> None:
        raise DriverError("web1 does not answer", "unreachable")

    monkeypatch.setattr(host.docker, "log_stream", away, raising=False)
    assert keep(host, site, "web").said == ["The log of web is not kept: web1 does not answer"]
    assert not LogArchive.objects.exists()


def test_bounds(site: Site, host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "KEPT_OF_SITE", 3)
    monkeypatch.setattr(keeping, "MAX_BYTES", 1_000)
    host.logs["web"] = [f"{number:04d} " + "x" * 80 for number in range(100)]
    keep(host, site, "web")
    row = LogArchive.objects.get()
    text = row.reveal()
    assert not row.is_whole and len(text) < 1_000 and text.endswith("x") and "0099" in text
    LogArchive.objects.update(docker_id="1")
    for number in range(2, 6):
        keep(host, site, "web")
        LogArchive.objects.filter(docker_id__startswith="77").update(docker_id=str(number))
    assert LogArchive.objects.count() == 3
    LogArchive.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert forget_old() == 3


def test_the_proxys_log_of_the_site(site: Site, host: FakeHost) -> None:
    Proxy.objects.create(host=site.host)
    Domain.objects.create(site=site, host=site.host, name="shop.example", kind="primary")
    path = f"{site.host.sites_root}/siteflow/proxy/logs/shop.example.log"
    host.files[path] = FakeFile(b'{"status":200}\n', 0o644)
    told = Told()
    keep_proxy_log(told, host, site)
    row = LogArchive.objects.get()
    assert told.said == [] and (row.kind, row.name) == ("proxy", "shop.example")
    assert row.reveal() == '{"status":200}'


def test_the_page_of_a_release_has_the_logs_of_its_containers_and_no_others(
    site: Site, host: FakeHost, alice: Any
) -> None:
    for number, status in ((2, "past"), (3, "current")):
        make_release(site, number, status=status)
    keep(host, site, "web")
    other = Site.objects.create(host=site.host, name="blog", project="blog")
    host.containers["blog"] = fake_container("blog")
    host.logs["blog"] = ["three"]
    keep(host, other, "blog")
    own, foreign = (LogArchive.objects.get(site=one) for one in (site, other))
    client, root = logged_in(alice), f"/admin/sites/site/{site.pk}/releases"
    pages = {number: client.get(f"{root}/{number}/").content.decode() for number in (2, 3)}
    assert "Logs of its containers" in pages[3]
    assert f"/api/log-archives/{own.pk}?format=text" in pages[3]
    assert f"/api/log-archives/{foreign.pk}?" not in pages[3]
    assert "log-archives" not in pages[2]
