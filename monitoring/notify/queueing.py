"""Putting a notice on its way: rows within the caller's transaction, which senders find."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from monitoring.notify.models import Channel, Delivery
from monitoring.notify.notices import WEIGHT, Notice
from provisioning.drivers.hostile import printable, storable
from sites.models import Host, Site

# What comes within this time of the first goes with it.
GATHER: Final = timedelta(seconds=3)
# A channel that fails is tried less and less often, but news tries it after this at the latest.
NEWS_WAITS: Final = timedelta(minutes=1)
GIVE_UP: Final = timedelta(hours=24)
MAX_BODY: Final = 10_000  # characters kept


def queue(notice: Notice) -> int:
    """Writes one delivery for each channel that wants the notice; returns how many.

    In the caller's transaction: told is what was committed, and nothing else.
    """
    now = timezone.now()
    host = Host.objects.filter(pk=notice.host_id).first() if notice.host_id else None
    site = Site.objects.filter(pk=notice.site_id).first() if notice.site_id else None
    channels = list(wanting(notice, host=host, site=site))
    Delivery.objects.bulk_create(
        delivery(notice, channel, host=host, site=site, now=now) for channel in channels
    )
    return len(channels)


def wanting(notice: Notice, *, host: Host | None, site: Site | None) -> QuerySet[Channel]:
    """The channels whose severity, scope and wish to hear of ends let it pass."""
    heard = [name for name, weight in WEIGHT.items() if weight <= WEIGHT[notice.severity]]
    found = Channel.objects.filter(
        _within(host or (site.host if site else None), site), enabled=True, min_severity__in=heard
    )
    return found.filter(resolved=True) if notice.kind == "resolved" else found


def _within(host: Host | None, site: Site | None) -> Q:
    """What is told of a site is also of its host; tags count on either."""
    wanted = Q(scope=Channel.Scope.EVERYTHING)
    if host is not None:
        wanted |= Q(scope=Channel.Scope.HOST, host=host)
        wanted |= Q(scope=Channel.Scope.TAG, tag__in=list(host.tags.values_list("pk", flat=True)))
    if site is not None:
        wanted |= Q(scope=Channel.Scope.SITE, site=site)
        wanted |= Q(scope=Channel.Scope.TAG, tag__in=list(site.tags.values_list("pk", flat=True)))
    return wanted


def delivery(
    notice: Notice, channel: Channel, *, host: Host | None, site: Site | None, now: datetime
) -> Delivery:
    """The row, not saved yet."""
    return Delivery(
        channel=channel,
        key=printable(notice.key, limit=200),
        kind=notice.kind,
        severity=notice.severity,
        title=printable(notice.title, limit=300),
        body=storable(notice.body, limit=MAX_BODY),
        path=printable(notice.path, limit=300),
        host=host,
        site=site,
        created_at=now,
        next_at=_first_try(channel, now),
        give_up_at=now + GIVE_UP,
    )


def _first_try(channel: Channel, now: datetime) -> datetime:
    if channel.retry_at is None:
        return now + GATHER
    return max(now + GATHER, min(channel.retry_at, now + NEWS_WAITS))
