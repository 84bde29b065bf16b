"""Rows of backups: which NAS is due, what is asked of it, and what a look has found."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from provisioning.backups.clocks import SETTLE
from provisioning.backups.judging import is_shrunken, usual_bytes
from provisioning.backups.looking import LOOK_S
from provisioning.backups.models import BackupSource, SiteBackup
from provisioning.backups.pattern import NoPlace, place
from provisioning.backups.seen import Backup, Look, Root, Seen, Unfinished, Wanted
from sites.models import Domain, Host

# What is wrong is looked at more often: somebody waits for it to be mended.
AGAIN: Final = timedelta(minutes=3)
# Of a NAS that was read: so many looks may be missed before nothing is known any more.
_MISSED: Final = 3
_LEAST_KNOWN: Final = timedelta(minutes=30)
_CLAIM: Final = timedelta(seconds=LOOK_S + 60)
_CHANGED_AFTER: Final = timedelta(seconds=30)


def claim_due(*, now: datetime, busy: Collection[int] = ()) -> list[BackupSource]:
    """Those whose turn has come, each for one monitor only: ``due_at`` moves on until it is read.

    A NAS that comes or goes, as its own watcher sees it, is looked at soon. ``busy``: keys of hosts
    that are being looked at.
    """
    moved = Q(nas__state_since__gt=F("tried_at"), tried_at__lt=now - _CHANGED_AFTER)
    due = Q(due_at=None) | Q(due_at__lte=now) | moved
    rows = BackupSource.objects.filter(due).exclude(nas__state=Host.State.SETUP_PENDING)
    claimed: dict[int, BackupSource] = {}
    for row in rows.exclude(nas_id__in=busy).select_related("nas").order_by("due_at", "pk"):
        mine = BackupSource.objects.filter(pk=row.pk, due_at=row.due_at)
        if row.nas_id not in claimed and mine.update(due_at=now + _CLAIM):
            claimed[row.nas_id] = row
    return list(claimed.values())


def asked_of(source: BackupSource, *, site: int | None = None) -> tuple[Root, list[Wanted]]:
    """What `looking.look` needs; for one site only if it is named. What was read longest ago comes
    first, so that a NAS too slow for all of them gets round to each."""
    rows = SiteBackup.objects.filter(source=source).select_related("site__host")
    had = frozenset(rows.filter(count__gt=0).values_list("pk", flat=True))
    if site is not None:
        rows = rows.filter(pk=site)
    found = list(rows.order_by(F("read_at").asc(nulls_first=True), "pk"))
    primary = Domain.objects.filter(kind=Domain.Kind.PRIMARY, site__in=[row.pk for row in found])
    domains = dict(primary.values_list("site_id", "name"))
    wanted = [_wanted(row, source.pattern, domains.get(row.pk, "")) for row in found]
    return Root(source.root, source.marker, had), wanted


def _wanted(row: SiteBackup, pattern: str, domain: str) -> Wanted:
    site = row.site
    values = {"site": site.name, "project": site.project, "tenant": site.tenant,
              "host": site.host.name, "domain": domain}  # fmt: skip
    try:
        where, why = place(pattern, values), ""
    except NoPlace as error:
        where, why = None, str(error)
    kept = tuple(Backup(**{**one, "at": _moment(one["at"])}) for one in row.kept)
    waits = tuple(Unfinished(**{**one, "since": _moment(one["since"])}) for one in row.unfinished)
    return Wanted(row.pk, where, why, kept, waits)


def keep(source: BackupSource, found: Look, *, at: datetime, whole: bool = True) -> None:
    """``at`` is when the look began: an older one never overwrites a newer one.

    When the NAS failed, what was seen stays as it was, with its own time. ``whole``: all sites
    were asked for, so this was the NAS's turn.
    """
    with transaction.atomic():
        row = BackupSource.objects.select_for_update().filter(pk=source.pk).first()
        if row is None or row.revision != source.revision or (row.tried_at or at) > at:
            return
        for one in found.sites:
            _keep_site(row, one, at)
        _keep_source(row, found, at, whole)


def _keep_site(source: BackupSource, seen: Seen, at: datetime) -> None:
    rows = SiteBackup.objects.filter(pk=seen.site, source=source)
    if seen.error:
        rows.update(error=seen.error)
        return
    newest = seen.kept[0] if seen.kept else None
    usual = usual_bytes([one.size for one in seen.kept[1:]])
    size = newest.size if newest else None
    rows.update(
        read_at=at,
        known_until=_known_until(source, at),
        error="",
        count=seen.count,
        newest_name=newest.name if newest else "",
        newest_at=newest.at if newest else None,
        newest_bytes=size,
        usual_bytes=usual,
        shrunken=is_shrunken(size, usual, least_percent=source.least_percent),
        ahead=newest.ahead if newest else False,
        kept=_plain(seen.kept),
        unfinished=_plain(seen.unfinished),
    )


def _keep_source(row: BackupSource, found: Look, at: datetime, whole: bool) -> None:
    values: dict[str, Any] = {
        "tried_at": at,
        "error_code": found.code,
        "error": found.error,
        "failing_since": (row.failing_since or at) if found.code else None,
    }
    if not found.code:
        skew = round(found.skew.total_seconds()) if found.skew is not None else None
        values |= {"read_at": at, "skew_s": skew}
    if not found.code and whole:
        values |= {"known_until": _known_until(row, at), "duration_ms": found.duration_ms}
    if whole or found.code:
        values["due_at"] = _next(at, at + _pause(row, found))
    BackupSource.objects.filter(pk=row.pk).update(**values)


def _pause(source: BackupSource, found: Look) -> timedelta:
    """NAS that were all first met at once drift apart."""
    usual = timedelta(minutes=source.every_minutes)
    if found.code:
        usual = min(usual, AGAIN)
    elif any(one.unfinished for one in found.sites):
        usual = min(usual, SETTLE * 1.5)
    return usual * random.uniform(0.9, 1.1)  # noqa: S311


def _next(at: datetime, planned: datetime) -> Case:
    """Whoever asked for another look while this one went on still gets it."""
    return Case(
        When(due_at=None, then=Value(None)),
        When(due_at__gt=at, due_at__lte=timezone.now(), then=F("due_at")),
        default=Value(planned),
    )


def _known_until(source: BackupSource, at: datetime) -> datetime:
    return at + max(_MISSED * timedelta(minutes=source.every_minutes), _LEAST_KNOWN)


def _plain(things: Iterable[Backup | Unfinished]) -> list[dict[str, Any]]:
    """As JSON has it."""
    encoder = DjangoJSONEncoder()
    return [
        {name: encoder.default(value) if isinstance(value, datetime) else value
         for name, value in asdict(one).items()}
        for one in things
    ]  # fmt: skip


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
