"""How many requests a minute: by account, by token, and by address for who is not logged in.

Each process counts by itself, and now and then adds it up with the others in the cache "limits".
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponseBase

from audit.actor import address_of
from siteflow.errors import problem_of
from siteflow.refusals import refusal

logger = logging.getLogger(__name__)

WINDOW_S: Final = 60
GOOD_S: Final = 600
_PARTS: Final = 50
_MAX_GOOD: Final = 10_000
# Probes ask often, and must be answered above all when somebody floods the rest.
_EXEMPT: Final = ("/api/health", "/api/health/live", "/api/health/ready")
_HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class TooMany(Exception):
    """The minute's requests are used up; `headers` say when to come again."""

    code, status = "throttled", 429

    def __init__(self, limit: Limit) -> None:
        wait_s = _until_next_window()
        self.message = f"{limit.count} {limit.words} are used up; try again in {wait_s} s."
        self.headers = {"Retry-After": str(wait_s)}
        super().__init__(self.message)


@dataclass(frozen=True)
class Limit:
    """Who is counted, and how many a minute; 0 means any number."""

    key: str
    count: int
    words: str


def of_address(address: str | None) -> Limit:
    """A whole /64 counts as one: that is what one IPv6 customer has."""
    if address and ":" in address:
        address = str(ipaddress.ip_network((address, 64), strict=False))
    return Limit(f"address:{address}", settings.RATE_ANONYMOUS, "requests a minute without login")


def of_account(who: str, *, changes: bool) -> list[Limit]:
    requests = Limit(f"all:{who}", settings.RATE_USER, "requests a minute")
    if not changes:
        return [requests]
    return [requests, Limit(f"changes:{who}", settings.RATE_CHANGES, "changes a minute")]


def refuse_if_spent(limits: list[Limit]) -> None:
    """Raises TooMany."""
    for limit in limits:
        if limit.count and _spent(limit) >= limit.count:
            raise TooMany(limit)


def spend(limits: list[Limit]) -> int:
    """Counts one more; how many of the first limit are spent now."""
    return [_add_one(limit) if limit.count else 0 for limit in limits][0]


def spend_change(user_id: int) -> None:
    """For a change that comes over a socket. Raises TooMany."""
    limits = of_account(f"user:{user_id}", changes=True)
    refuse_if_spent(limits)
    spend(limits)


def rate_limited(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware, innermost: who asks is known here, and static files never come this far."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path in _EXEMPT:
            return get_response(request)
        session = f"user:{request.user.pk}" if request.user.is_authenticated else ""
        token = "" if session else _token(request)
        try:
            refuse_if_spent(_possible(request, session, token))
        except TooMany as error:
            return refusal(request, problem_of(error))
        response = get_response(request)
        # A token counts as one only once it was found good: guesses are the address's own, and so
        # is a login, whatever header it brings along.
        who = session or (token if hasattr(request, "auth") else "")
        if token:
            _remember(token, good=bool(who))
        spent = _limits(request, who) if who else [of_address(address_of(request))]
        _tell(response, spent[0], spend(spent))
        return response

    return middleware


def _possible(request: HttpRequest, session: str, token: str) -> list[Limit]:
    if session:
        return _limits(request, session)
    by_token = _limits(request, token) if token else []
    if token and _good.get(token, 0) > _now() - GOOD_S:
        return by_token  # nobody at the same address can shut it out
    return [of_address(address_of(request)), *by_token]


def _remember(token: str, *, good: bool) -> None:
    if not good:
        _good.pop(token, None)  # revoked, perhaps
        return
    _good[token] = _now()
    _good.move_to_end(token)
    if len(_good) > _MAX_GOOD:
        _good.popitem(last=False)


def _limits(request: HttpRequest, who: str) -> list[Limit]:
    return of_account(who, changes=request.method not in _HARMLESS)


def _token(request: HttpRequest) -> str:
    given = request.headers.get("Authorization", "")
    return f"token:{hashlib.sha256(given.encode()).hexdigest()[:32]}" if given else ""


def _tell(response: HttpResponseBase, limit: Limit, spent: int) -> None:
    if limit.count:
        response["RateLimit-Limit"] = str(limit.count)
        response["RateLimit-Remaining"] = str(max(limit.count - spent, 0))
        response["RateLimit-Reset"] = str(_until_next_window())


@dataclass
class _Count:
    """Of this minute: what all processes had when last heard of, and what is not told yet."""

    heard: int = 0
    untold: int = 0

    @property
    def total(self) -> int:
        return self.heard + self.untold


_counts: dict[str, _Count] = {}
_good: OrderedDict[str, int] = OrderedDict()  # token, as it is counted → when it was last good
_lock = threading.Lock()


def _spent(limit: Limit) -> int:
    known = _counts.get(_name(limit))
    return known.total if known else 0


def _add_one(limit: Limit) -> int:
    """Counts here; the others are told of each fiftieth part of the limit, not of each request."""
    with _lock:
        count = _counts.get(_name(limit)) or _begun(limit)
        count.untold += 1
        if count.untold < limit.count // _PARTS:
            return count.total
        told, count.untold = count.untold, 0
        count.heard += told
    count.heard = max(_tell_others(_name(limit), told), count.heard)
    return count.total


def _begun(limit: Limit) -> _Count:
    """A new count; with the first of a minute, those of the minutes before are forgotten."""
    name, window = _name(limit), _window()
    for old in [one for one in _counts if not one.endswith(window)]:
        del _counts[old]
    _counts[name] = _Count()
    return _counts[name]


def _tell_others(name: str, requests: int) -> int:
    """How many all processes have counted together; 0 when that cannot be heard."""
    cache = caches["limits"]
    try:
        if cache.add(name, requests, 2 * WINDOW_S):
            return requests
        return cache.incr(name, requests)
    except Exception:  # Redis is away, in whatever way: counting alone beats not serving
        logger.warning("Requests are counted by each process alone", exc_info=True)
        return 0


def _name(limit: Limit) -> str:
    return f"{limit.key}{_window()}"


def _window() -> str:
    return f"@{_now() // WINDOW_S}"


def _until_next_window() -> int:
    return WINDOW_S - _now() % WINDOW_S


def _now() -> int:
    return int(time.time())
