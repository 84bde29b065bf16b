"""Certificates of a real Caddy with its own authority, read by a login that needs sudo."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from provisioning.certificates.keeping import hosts_with_due
from provisioning.certificates.models import Certificate
from provisioning.certificates.telling import certificate_out
from sites.models import Host
from tests.lab import Lab
from tests.lab.host import Host as LabHost
from tests.provisioning import proxy_lab as it
from tests.provisioning.certificates.making import made

pytestmark = [pytest.mark.lab, pytest.mark.django_db]
NAME = "news.test"
STORE = "/var/lib/docker/volumes/siteflow-proxy_data/_data/caddy/certificates"


@pytest.fixture
def lab_host(lab: Lab) -> Iterator[LabHost]:
    with it.clean_host(lab.web2) as host:
        yield host


@pytest.fixture
def host(lab_host: LabHost) -> Host:
    """With a proxy that serves one site."""
    login = lab_host.logins["steward"]
    row = it.known(lab_host, sudo=True, username=login.user, private_key=login.private_key)
    Host.objects.filter(pk=row.pk).update(inventory_at=timezone.now())
    it.good("proxy.install", row)
    it.start_site(lab_host, "news")
    it.site_of(row, "news")
    it.good("proxy.sync", row)
    assert it.text(row, NAME) == "news"
    return row


def looked(host: Host) -> dict[str, Any]:
    it.good("cert.check", it.domain(NAME))
    Host.objects.filter(pk=host.pk).update(inventory_at=timezone.now())
    rows: Any = Certificate.objects.select_related("host", "site", "certificate_check")
    return certificate_out(rows.get(name=NAME))


def test_what_is_served_is_on_disk_until_the_file_is_another(host: Host, lab_host: LabHost) -> None:
    seen = looked(host)
    assert (seen["state"], seen["same"]) == ("ok", True), seen
    assert seen["served"]["names"] == [NAME] and 0 < seen["days_remaining"] < 1
    assert "Caddy Local Authority" in seen["served"]["issuer"]
    assert [one["subject"] for one in seen["served"]["issued_by"]] == [seen["served"]["issuer"]]
    assert seen["stored"]["authority"] == "local"

    file = lab_host.path(f"{STORE}/local/{NAME}/{NAME}.crt")
    before = file.read_bytes()
    file.write_bytes(made(NAME, now=timezone.now()).pem)
    other = looked(host)
    assert (other["state"], other["same"]) == ("differs", False)
    assert other["served"]["fingerprint"] == seen["served"]["fingerprint"]
    assert other["stored"]["fingerprint"] != seen["stored"]["fingerprint"]

    file.write_bytes(before)
    assert looked(host)["state"] == "ok"
    assert not hosts_with_due([host.pk], now=timezone.now())
    it.good("proxy.reload", host)
    it.good("proxy.sync", host)
    assert hosts_with_due([host.pk], now=timezone.now()) == {host.pk}

    lab_host.docker("stop", "--time=1", "caddy")
    silent = looked(host)
    assert silent["state"] == "no_answer" and silent["served"] == {
        **seen["served"], "at": silent["served"]["at"],
    }  # fmt: skip
