from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from monitoring.notify.models import Channel, Delivery
from monitoring.notify.queueing import GATHER, GIVE_UP, NEWS_WAITS, queue
from sites.models import Host, Site, Tag
from tests.monitoring.notify.conftest import CHANNELS, notice


@pytest.mark.parametrize(
    ("least", "severity", "count"),
    [
        ("critical", "critical", 1),
        ("critical", "warning", 0),
        ("warning", "critical", 1),
        ("warning", "info", 0),
        ("info", "info", 1),
    ],
)
def test_a_channel_hears_of_its_least_severity_and_above(
    channel: CHANNELS, least: str, severity: str, count: int
) -> None:
    channel(min_severity=least)
    assert queue(notice(severity=severity)) == count == Delivery.objects.count()


def test_a_delivery_holds_the_notice_and_when_it_is_tried_first(channel: CHANNELS) -> None:
    row = channel()
    queue(notice("Disk\r\nfull\x1b[31m", body="a\nb\x00"))
    sent = Delivery.objects.get()
    assert (sent.channel, sent.state, sent.attempts) == (row, "waiting", 0)
    assert (sent.title, sent.body) == ("Disk full [31m", "a\nb")
    assert sent.next_at - sent.created_at == GATHER
    assert sent.give_up_at - sent.created_at == GIVE_UP


def test_nothing_is_told_of_what_was_rolled_back(channel: CHANNELS) -> None:
    channel()
    with transaction.atomic():
        assert queue(notice()) == 1
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


def test_a_channel_that_is_off_hears_nothing(channel: CHANNELS) -> None:
    channel(enabled=False)
    assert queue(notice()) == 0


def test_what_is_over_is_told_where_it_is_wanted(channel: CHANNELS) -> None:
    wanting = channel()
    channel(resolved=False)
    assert queue(notice(kind="resolved")) == 1
    assert Delivery.objects.get().channel == wanting


@pytest.fixture
def site(db: None) -> Site:
    host = Host.objects.create(name="web1", address="192.0.2.1")
    return Site.objects.create(host=host, name="shop")


def heard(site: Site | None, host: Host | None) -> set[str]:
    Delivery.objects.all().delete()
    queue(notice(host_id=host and host.pk, site_id=site and site.pk))
    return set(Delivery.objects.values_list("channel__scope", flat=True))


def test_a_scope_is_a_host_with_its_sites_a_site_or_a_tag(channel: CHANNELS, site: Site) -> None:
    tag = Tag.objects.create(name="client-a")
    site.tags.add(tag)
    channel(scope="host", host=site.host)
    channel(scope="site", site=site)
    channel(scope="tag", tag=tag)
    assert heard(site, site.host) == heard(site, None) == {"host", "site", "tag"}
    assert heard(None, site.host) == {"host"}
    site.host.tags.add(tag)
    assert heard(None, site.host) == {"host", "tag"}
    elsewhere = Host.objects.create(name="web2", address="192.0.2.2")
    assert heard(None, elsewhere) == heard(None, None) == set()


def test_a_tag_on_host_and_site_is_told_once(channel: CHANNELS, site: Site) -> None:
    tag = Tag.objects.create(name="client-a")
    site.tags.add(tag)
    site.host.tags.add(tag)
    channel(scope="tag", tag=tag)
    assert queue(notice(site_id=site.pk, host_id=site.host_id)) == 1


def test_a_channel_whose_host_is_gone_does_not_hear_of_everything(
    channel: CHANNELS, site: Site
) -> None:
    row = channel(scope="host", host=site.host)
    Host.objects.all().delete()
    row.refresh_from_db()
    assert (row.scope, row.host) == ("host", None)
    assert queue(notice()) == 0
    assert queue(notice(host_id=site.host_id, site_id=site.pk)) == 0


@pytest.mark.parametrize(
    ("rests", "waits"),
    [
        (timedelta(seconds=1), GATHER),
        (timedelta(seconds=30), timedelta(seconds=30)),
        (timedelta(minutes=9), NEWS_WAITS),
    ],
)
def test_news_for_a_channel_that_fails_waits_a_while(
    channel: CHANNELS, rests: timedelta, waits: timedelta
) -> None:
    channel(retry_at=timezone.now() + rests)
    queue(notice())
    sent = Delivery.objects.get()
    assert waits - timedelta(seconds=1) < sent.next_at - sent.created_at <= waits


def test_an_address_is_encrypted_and_bound_to_its_row(channel: CHANNELS) -> None:
    from sites.encryption import CannotDecrypt

    first, second = channel("json://user:s3cret@example.org"), channel()
    assert "s3cret" not in first.encrypted
    assert Channel.objects.get(pk=first.pk).reveal() == "json://user:s3cret@example.org"
    second.encrypted = first.encrypted
    with pytest.raises(CannotDecrypt):
        second.reveal()
