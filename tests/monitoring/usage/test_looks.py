from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring.metrics import SeriesKey
from monitoring.models import Look
from monitoring.usage import looks
from monitoring.usage.looks import LEASE, Thing
from sites.models import Host, Site
from tests.provisioning.rows import make_container, make_host

pytestmark = pytest.mark.django_db


def watched(name: str, *, by: str = "me") -> Host:
    return make_host(name, monitored_by=by, monitored_until=timezone.now() + timedelta(minutes=1))


def test_a_look_lasts_unless_it_is_renewed() -> None:
    host, now = watched("web1"), timezone.now()
    looks.renew([Thing("host", host.pk)], now=now)
    assert set(looks.looked_at("me", now=now)) == {host.pk}
    assert looks.looked_at("me", now=now + LEASE) == {}
    looks.renew([Thing("host", host.pk)], now=now + LEASE)
    assert set(looks.looked_at("me", now=now + LEASE)) == {host.pk}
    assert Look.objects.count() == 1


def test_each_monitor_is_told_of_its_own_hosts() -> None:
    mine, other, now = watched("web1"), watched("web2", by="you"), timezone.now()
    looks.renew([Thing("host", mine.pk), Thing("host", other.pk)], now=now)
    assert set(looks.looked_at("me", now=now)) == {mine.pk}
    assert set(looks.looked_at("you", now=now)) == {other.pk}


def test_a_container_has_its_host_and_its_site() -> None:
    host, now = watched("web1"), timezone.now()
    site = Site.objects.create(host=host, name="shop", project="shop")
    row, loose = make_container(host, "shop-web-1", site=site), make_container(host, "loose")
    things = [Thing("container", row.pk), Thing("container", loose.pk), Thing("site", site.pk)]
    looks.renew([*things, Thing("container", 10**6), Thing("site", 10**6)], now=now)
    looked = looks.looked_at("me", now=now)[host.pk]
    assert looked.sites == {row.pk: site.pk, loose.pk: None}
    assert looked.read_at == host.inventory_at
    assert looked.keys == {
        SeriesKey("container", host.pk, row.pk),
        SeriesKey("container", host.pk, loose.pk),
        SeriesKey("site", host.pk, site.pk),
    }


def test_many_are_renewed_by_as_many_statements_as_one() -> None:
    host = watched("web1")
    rows = [make_container(host, f"c{number}", docker_id=f"{number:064}") for number in range(20)]
    things = [Thing("container", row.pk) for row in rows]
    looks.renew(things, now=timezone.now())  # savepoints and rows exist from now on
    counts = []
    for some in (things[:1], things):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            looks.renew(some, now=timezone.now())
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 5


def test_looks_that_ended_are_forgotten() -> None:
    host, now = watched("web1"), timezone.now()
    looks.renew([Thing("host", host.pk)], now=now)
    looks.forget(now=now)
    assert Look.objects.count() == 1
    looks.forget(now=now + 2 * LEASE + timedelta(seconds=1))
    assert Look.objects.count() == 0
