"""Rows of certificates: which are due, and what a look at them has found."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from provisioning.certificates.judging import soon_at
from provisioning.certificates.looking import Look, Served
from provisioning.certificates.models import CertificateCheck
from provisioning.certificates.stored import Stored, Unread
from provisioning.drivers.parse_certificate import MAX_NAMES, ParsedCertificate
from sites.models import Domain

EVERY: Final = timedelta(hours=1)
# What is wrong is looked at more often: somebody waits for it to be mended.
AGAIN: Final = timedelta(minutes=5)
_FEW: Final = 5
_Outcome = CertificateCheck.Outcome


def due(*, now: datetime) -> Q:
    """Domains whose turn has come, those that nobody has ever looked at among them."""
    check = "certificate_check"
    return Q(**{f"{check}__due_at": None}) | Q(**{f"{check}__due_at__lte": now})


def hosts_with_due(keys: Collection[int], *, now: datetime) -> set[int]:
    rows = Domain.objects.filter(due(now=now), host_id__in=keys).order_by()
    return set(rows.values_list("host_id", flat=True).distinct())


def keep(found: Look, *, at: datetime) -> None:
    """``at`` is when the look began: an older one never overwrites a newer one.

    What could not be asked stays as it was, with its own time.
    """
    try:
        CertificateCheck.objects.get_or_create(domain_id=found.domain.pk)
    except IntegrityError:
        return  # the domain was removed meanwhile
    values: dict[str, Any] = {"tried_at": at, "due_at": _next(at, at + _pause(found, at))}
    values |= _of_served(found, at) | _of_dns(found, at)
    if found.served.asked:
        values |= _of_stored(found.stored, found.served, at)
    newest = Q(tried_at=None) | Q(tried_at__lte=at)
    CertificateCheck.objects.filter(newest, domain_id=found.domain.pk).update(**values)


def _pause(found: Look, at: datetime) -> timedelta:
    """Hosts that were all first met at once drift apart."""
    usual = EVERY if _is_well(found, at) else AGAIN
    return usual * random.uniform(0.9, 1.1)  # noqa: S311


def _next(at: datetime, planned: datetime) -> Case:
    """Whoever asked for another look while this one went on still gets it."""
    asked = {"due_at__gt": at, "due_at__lte": timezone.now()}
    return Case(When(**asked, then=F("due_at")), default=Value(planned))


def _is_well(found: Look, at: datetime) -> bool:
    if found.domain.tls == Domain.Tls.OFF:
        return found.served.asked
    chain = found.served.chain
    if not chain or _compared(found.served, found.stored) is False:
        return False
    own = chain[0]
    return own.fits(found.domain.name) and own.not_before <= at < own.not_after


def _compared(served: Served, stored: Stored | Unread | None) -> bool | None:
    """None where one of them is not there to be compared."""
    if not served.chain or not isinstance(stored, Stored) or not stored.chain:
        return None
    return served.chain[0].fingerprint == stored.chain[0].fingerprint


def _of_served(found: Look, at: datetime) -> dict[str, Any]:
    served = found.served
    if not served.asked:
        return {"outcome": _Outcome.UNASKED, "error": served.error}
    if found.domain.tls == Domain.Tls.OFF:
        return {"outcome": "", "error": "", "checked_at": None}
    if not served.chain:
        return {"outcome": _Outcome.SILENT, "error": served.error, "checked_at": at}
    own = served.chain[0]
    return {
        "outcome": _Outcome.SERVED,
        "error": "",
        "checked_at": at,
        "served_at": at,
        "served": {"chain": _told(served.chain)},
        "not_before": own.not_before,
        "not_after": own.not_after,
        "soon_at": soon_at(own.not_before, own.not_after),
        "name_fits": own.fits(found.domain.name),
    }


def _of_stored(stored: Stored | Unread | None, served: Served, at: datetime) -> dict[str, Any]:
    same = _compared(served, stored)
    if stored is None:
        return {"stored": {}, "stored_at": None, "stored_error": "", "same": same}
    if isinstance(stored, Unread):
        return {"stored_error": stored.error, "same": same}
    told = {"chain": _told(stored.chain), "authority": stored.authority} if stored.chain else {}
    return {"stored": told, "stored_at": at, "stored_error": "", "same": same}


def _of_dns(found: Look, at: datetime) -> dict[str, Any]:
    answer = found.dns
    told = {"addresses": list(answer.addresses), "leads": found.leads, "error": answer.error}
    return {"dns": told, "dns_at": at}


def _told(chain: Collection[ParsedCertificate]) -> list[dict[str, Any]]:
    """As JSON has it; of a thousand names the first hundred, and how many there are. Authorities
    have none, or somebody wants our database to grow."""
    encoder = DjangoJSONEncoder()
    return [
        {
            **asdict(one),
            "names": list(one.names[: MAX_NAMES if place == 0 else _FEW]),
            "names_total": len(one.names),
            "not_before": encoder.default(one.not_before),
            "not_after": encoder.default(one.not_after),
        }
        for place, one in enumerate(chain)
    ]
