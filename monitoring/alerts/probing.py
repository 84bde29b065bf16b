"""Whether sites answer: each is asked from its own host now and then, as its proxy serves it."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError
from django.db.models import F, FilteredRelation, Q, QuerySet

from monitoring.alerts.models import SiteProbe
from provisioning.drivers import http_probe
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.proxy.models import Proxy
from sites.models import Domain, Site

EVERY: Final = timedelta(seconds=60)
# One that is silent is asked sooner: somebody waits for it, and once may be no more than a moment.
AGAIN: Final = timedelta(seconds=20)
LOOK_S: Final = 60.0  # at one host in all; what is left has its turn the next time
_ASK_S: Final = 8.0
_ALIVE_S: Final = 8.0
_MAX_BYTES: Final = 2048
_MAX_WORDS: Final = 500
_Outcome = SiteProbe.Outcome
# What says something of the site; all else, that its host could not be asked.
_SILENT: Final = frozenset({"port_closed", "timeout", "tls_failed", "link_lost", "garbage"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A site by its main name. ``awaits_certificate``: no public one was ever seen."""

    site: int
    name: str
    tls: bool
    path: str = "/"
    awaits_certificate: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    site: int
    outcome: str
    url: str
    error: str = ""
    status: int | None = None
    duration_ms: int | None = None


def due(*, now: datetime) -> QuerySet[Domain]:
    """The names of live sites whose turn has come."""
    turn = Q(site__probe__due_at=None) | Q(site__probe__due_at__lte=now)
    rows = Domain.objects.filter(turn, site__stage=Site.Stage.LIVE, host__proxy__isnull=False)
    return rows.exclude(kind=Domain.Kind.REDIRECT)


def hosts_with_due(keys: Collection[int], *, now: datetime) -> set[int]:
    rows = due(now=now).filter(host_id__in=keys).order_by()
    return set(rows.values_list("host_id", flat=True).distinct())


def due_of(host: int, *, now: datetime) -> tuple[Proxy | None, list[Asked]]:
    """Those that were not asked for longest first; of each site its primary name."""
    current = FilteredRelation("site__releases", condition=Q(site__releases__status="current"))
    rows = due(now=now).filter(host_id=host).annotate(
        current=current, serving=F("current__serving"), seen=F("certificate_check__served_at")
    ).order_by(F("site__probe__tried_at").asc(nulls_first=True), "pk")  # fmt: skip
    found: dict[int, Asked] = {}
    for row in rows:
        if row.site_id not in found or row.kind == Domain.Kind.PRIMARY:
            found[row.site_id] = _asked(row)
    return Proxy.objects.filter(host_id=host).first(), list(found.values())


def _asked(row: Any) -> Asked:
    path = (row.serving or {}).get("probe_path") or "/"
    awaits = row.tls == Domain.Tls.ACME and row.seen is None
    return Asked(row.site_id, row.name, row.tls != Domain.Tls.OFF, str(path), awaits)


def look(host: HostDriver, proxy: Proxy, sites: Collection[Asked]) -> Iterator[Answer]:
    """Each as soon as it is known. Once the host cannot be asked, the others are not tried."""
    deadline = Deadline(LOOK_S)
    for one in sites:
        if deadline.passed():
            return
        answer = _ask(host, proxy, one)
        yield answer
        if answer.outcome == _Outcome.UNASKED and not one.awaits_certificate:
            return


def _ask(host: HostDriver, proxy: Proxy, one: Asked) -> Answer:
    scheme, port = ("https", proxy.https_port) if one.tls else ("http", proxy.http_port)
    url = f"{scheme}://{one.name}{one.path}"
    try:
        answer = http_probe.get(host, url, port=port, timeout_s=_ASK_S, max_bytes=_MAX_BYTES)
    except DriverError as error:
        return _unanswered(host, one, url, error)
    wrong = answer.status >= 500
    return Answer(
        one.site,
        _Outcome.SILENT if wrong else _Outcome.ANSWERED,
        url,
        f"answers with status {answer.status}" if wrong else "",
        answer.status,
        answer.duration_ms,
    )


def _unanswered(host: HostDriver, one: Asked, url: str, error: DriverError) -> Answer:
    """Silence is the site's only if the host itself still speaks."""
    if error.code not in _SILENT:
        return Answer(one.site, _Outcome.UNASKED, url, error.message)
    if error.code == "tls_failed" and one.awaits_certificate:
        words = "it has no public certificate yet, which depends on DNS and an authority outside"
        return Answer(one.site, _Outcome.UNASKED, url, words)
    try:
        host.run(("true",), timeout_s=_ALIVE_S)
    except DriverError as lost:
        return Answer(one.site, _Outcome.UNASKED, url, lost.message)
    return Answer(one.site, _Outcome.SILENT, url, error.message)


def keep(found: Answer, *, at: datetime) -> None:
    """``at`` is when the look began: an older one never overwrites a newer one."""
    try:
        SiteProbe.objects.get_or_create(site_id=found.site)
    except IntegrityError:
        return  # the site was removed meanwhile
    values: dict[str, Any] = {
        "tried_at": at,
        "due_at": at + _pause(found),
        "outcome": found.outcome,
        "url": found.url[:300],
        "status": found.status,
        "duration_ms": found.duration_ms,
        "error": found.error[:_MAX_WORDS],
    }
    if found.outcome != _Outcome.UNASKED:
        values["checked_at"] = at
    newest = Q(tried_at=None) | Q(tried_at__lte=at)
    SiteProbe.objects.filter(newest, site_id=found.site).update(**values)


def _pause(found: Answer) -> timedelta:
    """Sites that were all first met at once drift apart."""
    usual = EVERY if found.outcome == _Outcome.ANSWERED else AGAIN
    return usual * random.uniform(0.9, 1.1)  # noqa: S311
