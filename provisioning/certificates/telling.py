"""What is told of a certificate, in words and in the one JSON shape that everybody gets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from ninja import Schema

from provisioning.certificates.judging import Facts, State, days_left, state_of
from provisioning.certificates.models import Certificate, CertificateCheck
from sites.models import Domain
from sites.schemas import host_is_fresh

_Outcome = CertificateCheck.Outcome
_ANSWERED: Final = {_Outcome.SERVED: True, _Outcome.SILENT: False}
_PARTS: Final = ("subject", "issuer", "names", "names_total", "not_before", "not_after", "serial",
                 "key", "fingerprint")  # fmt: skip
_LEADS: Final = {
    "nowhere": "DNS has no address for the name",
    "elsewhere": "DNS leads elsewhere than to its host’s address; behind a NAT, a load balancer "
    "or a CDN that is as it should be",
}


class PartOut(Schema):
    """``names`` are at most a hundred of the ``names_total``; ``fingerprint`` is SHA-256."""

    subject: str
    issuer: str
    names: list[str]
    names_total: int
    not_before: datetime
    not_after: datetime
    serial: str
    key: str
    fingerprint: str


class ServedOut(PartOut):
    """As it was served at ``at``, asked from the host itself; ``issued_by`` is the chain above."""

    at: datetime
    issued_by: list[PartOut]


class StoredOut(PartOut):
    """As the proxy kept it on its host's disk at ``at``; ``authority`` is its folder there."""

    at: datetime
    authority: str


class DnsOut(Schema):
    """``leads``: here, elsewhere, nowhere, or empty when that is not known."""

    at: datetime
    addresses: list[str]
    leads: str
    error: str


class CertificateOut(Schema):
    """``id`` is the domain's. ``state``: ok, soon, expired, not_yet, wrong_name, differs,
    no_answer, unknown, or off (plain http).

    It was looked at on ``observed_at``, by ``source``: a probe from its host; null: never.
    All else is what was last seen; ``unknown_since`` tells when that was, while it is unknown.
    ``same``: whether what is served is what is on disk; null where that was not compared.
    """

    id: int
    domain: str
    shown: str
    site: int
    site_name: str
    host: int
    host_name: str
    tls: str
    state: str
    observed_at: datetime | None
    source: str
    unknown_since: datetime | None
    checked_at: datetime | None
    tried_at: datetime | None
    days_remaining: float | None
    not_before: datetime | None
    not_after: datetime | None
    name_fits: bool | None
    same: bool | None
    served: ServedOut | None
    stored: StoredOut | None
    dns: DnsOut | None
    problems: list[str]


def facts_of(row: Certificate, *, now: datetime) -> Facts:
    seen = row.seen
    return Facts(
        tls_off=row.tls == Domain.Tls.OFF,
        host_fresh=host_is_fresh(row.host, now=now),
        checked_at=seen.checked_at,
        answered=_ANSWERED.get(_Outcome(seen.outcome)) if seen.outcome else None,
        not_before=seen.not_before,
        not_after=seen.not_after,
        name_fits=seen.name_fits,
        same=seen.same,
    )


def certificate_out(row: Certificate, *, now: datetime | None = None) -> dict[str, Any]:
    """One of `Certificate.objects.live()` with ``host`` and ``site`` selected, as above."""
    now = now or timezone.now()
    seen, state = row.seen, state_of(facts_of(row, now=now), now=now)
    ends = seen.not_after
    return {
        "id": row.pk,
        "domain": row.name,
        "shown": row.shown,
        "site": row.site_id,
        "site_name": row.site.name,
        "host": row.host_id,
        "host_name": row.host.name,
        "tls": row.tls,
        "state": state.value,
        "observed_at": seen.checked_at,
        "source": "probe",
        "unknown_since": (seen.checked_at or row.created_at) if state == State.UNKNOWN else None,
        **{name: getattr(seen, name) for name in _COLUMNS},
        "days_remaining": round(days_left(ends, now=now), 2) if ends else None,
        "served": _served(seen),
        "stored": _stored(seen),
        "dns": {"at": seen.dns_at, **seen.dns} if seen.dns_at else None,
        "problems": list(problems(row, state, now=now)),
    }


_COLUMNS: Final = ("checked_at", "tried_at", "not_before", "not_after", "name_fits", "same")


def _served(seen: CertificateCheck) -> dict[str, Any] | None:
    chain = seen.served.get("chain")
    if not chain:
        return None
    issued_by = [_part(one) for one in chain[1:]]
    return {"at": seen.served_at, **_part(chain[0]), "issued_by": issued_by}


def _stored(seen: CertificateCheck) -> dict[str, Any] | None:
    chain = seen.stored.get("chain")
    if not chain:
        return None
    return {"at": seen.stored_at, **_part(chain[0]), "authority": seen.stored.get("authority", "")}


def _part(one: dict[str, Any]) -> dict[str, Any]:
    moments = {name: datetime.fromisoformat(one[name]) for name in ("not_before", "not_after")}
    return {name: one[name] for name in _PARTS} | moments


def problems(row: Certificate, state: State, *, now: datetime) -> Iterator[str]:
    """Short sentences, what matters most first. None: all is well."""
    seen = row.seen
    if state == State.UNKNOWN:
        yield _why_unknown(row, seen, now)
    elif state == State.NO_ANSWER:
        yield seen.error or "nobody answers"
    elif state != State.OFF:
        yield from _of_served(row, seen, state)
    if seen.stored_error and state != State.OFF:
        yield f"what is on disk could not be read: {seen.stored_error}"
    if told := _LEADS.get(seen.dns.get("leads", "")):
        yield told
    if seen.dns.get("error"):
        yield f"DNS: {seen.dns['error']}"


def _why_unknown(row: Certificate, seen: CertificateCheck, now: datetime) -> str:
    if seen.tried_at is None:
        return "not looked at yet"
    if not host_is_fresh(row.host, now=now):
        return "its host is not reached"
    if seen.outcome == _Outcome.UNASKED:
        return f"its host could not be asked: {seen.error}"
    return "nobody has looked at it for too long: check that SiteFlow’s monitor is running"


def _of_served(row: Certificate, seen: CertificateCheck, state: State) -> Iterator[str]:
    if state == State.EXPIRED:
        yield "it has expired: browsers refuse it"
    if state == State.NOT_YET:
        yield "it is not valid yet: browsers refuse it; compare the clocks of host and SiteFlow"
    if seen.name_fits is False:
        yield f"it is not for {row.name}: browsers refuse it"
    if seen.same is False:
        yield "another certificate is on disk than the one that is served: reload the proxy"
    if state == State.SOON:
        yield "its end is near, and it should have been renewed by now"
