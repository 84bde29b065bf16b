"""Guessing made slow: who failed too often waits, longer each time.

An attempt is counted before the password is looked at, in one transaction that locks its rows, so
no number of processes lets more guesses through than are allowed. A name that belongs to nobody is
counted like any other.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from audit.actor import Actor
from audit.masking import cap_line
from audit.record import record
from siteflow.accounts.models import Attempts

HOUR: Final = timedelta(hours=1)
REMEMBERED: Final = timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """``failures`` within ``per``; then the wait doubles, from ``wait`` up to an hour."""

    failures: int
    per: timedelta
    wait: timedelta

    def blocked_until(self, failures: int, now: datetime) -> datetime | None:
        beyond = failures - self.failures
        return None if beyond < 0 else now + min(self.wait * 2 ** min(beyond, 12), HOUR)


# One account from one address; one account from everywhere; one address for all accounts.
PAIR: Final = Limit(5, REMEMBERED, timedelta(minutes=1))
ACCOUNT: Final = Limit(20, HOUR, HOUR)
ADDRESS: Final = Limit(100, HOUR, HOUR)


class Throttled(Exception):
    """Too many failed attempts: nothing was looked at."""

    code, status = "throttled", 429

    def __init__(self, wait_s: int) -> None:
        self.details = {"retry_after_s": wait_s}
        self.headers = {"Retry-After": str(wait_s)}
        self.message = f"Too many failed attempts. Try again in {_in_words(wait_s)}."
        super().__init__(self.message)


@dataclass(frozen=True)
class Attempt:
    """One look at a password or a code, counted as a failure until it is known to be none."""

    limits: dict[str, Limit]  # the first is what this account failed from here

    def succeeded(self) -> None:
        first, *others = self.limits
        Attempts.objects.filter(key=first).delete()
        Attempts.objects.filter(key__in=others, failures__gt=0).update(
            failures=F("failures") - 1, blocked_until=None
        )


def attempt(
    request: HttpRequest | None, *, what: str, name: str, device: str | None = None
) -> Attempt:
    """Counts an attempt of ``name`` at ``what`` (password or code). Raises Throttled.

    ``device`` is a device this account was used on before: it has a limit of its own, so that
    nobody locks an account's owner out by guessing from elsewhere.
    """
    actor = _actor(request)
    limits = _limits(what, name.casefold().strip(), actor.remote_addr, device)
    now = timezone.now()
    until = _blocked_until(limits, now) or _counted(limits, now)
    if until is None:
        return Attempt(limits)
    # One entry for each wait: an attack must not fill the audit, too.
    refused = Attempts.objects.filter(key__in=limits, blocked_until__gt=now)
    if refused.filter(told=False).update(told=True):
        _record_refusal(actor, what, name)
    raise Throttled(max(1, round((until - now).total_seconds())))


def _blocked_until(limits: dict[str, Limit], now: datetime) -> datetime | None:
    """Whoever is blocked leaves no rows behind for the names they make up."""
    blocked = Attempts.objects.filter(key__in=limits, blocked_until__gt=now)
    return blocked.order_by("-blocked_until").values_list("blocked_until", flat=True).first()


def _counted(limits: dict[str, Limit], now: datetime) -> datetime | None:
    """Counts, unless another process did so first and that was the last one allowed."""
    Attempts.objects.filter(forget_at__lt=now).delete()
    with transaction.atomic():
        rows = [_locked(key, now) for key in sorted(limits)]
        until = max((row.blocked_until for row in rows if row.blocked_until), default=now)
        if until > now:
            return until
        for row in rows:
            _count(row, limits[row.key], now)
    return None


def _locked(key: str, now: datetime) -> Attempts:
    fresh = {"began_at": now, "forget_at": now + REMEMBERED}
    return Attempts.objects.select_for_update().get_or_create(key=key, defaults=fresh)[0]


def _count(row: Attempts, limit: Limit, now: datetime) -> None:
    if row.began_at + limit.per <= now:
        row.failures, row.began_at = 0, now
    row.failures += 1
    row.blocked_until = limit.blocked_until(row.failures, now)
    row.told = False
    row.forget_at = now + REMEMBERED
    row.save()


def _limits(what: str, who: str, address: str | None, device: str | None) -> dict[str, Limit]:
    if device is not None:
        return {_key(what, "device", who, device): PAIR}
    place = _network(address)
    return {
        _key(what, "pair", who, place): PAIR,
        _key(what, "account", who): ACCOUNT,
        _key(what, "address", place): ADDRESS,
    }


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _network(address: str | None) -> str:
    """An IPv6 customer has a /64 to choose addresses from: it counts as one."""
    if address and ":" in address:
        return str(ipaddress.ip_network(f"{address}/64", strict=False))
    return address or "nowhere"


def _record_refusal(actor: Actor, what: str, name: str) -> None:
    record(
        phase="event",
        action="auth.refused",
        status="refused",
        actor=actor,
        target_type="user",
        target_name=cap_line(name, 150),
        error_code=Throttled.code,
        after={"attempt_at": what},
    )


def _actor(request: HttpRequest | None) -> Actor:
    if request is None:
        return Actor.system("login")
    return Actor.of_request(request, "api" if request.path.startswith("/api/") else "console")


def _in_words(wait_s: int) -> str:
    return f"{wait_s} seconds" if wait_s < 90 else f"{-(-wait_s // 60)} minutes"
