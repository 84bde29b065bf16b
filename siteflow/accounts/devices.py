"""Devices an account was used on: attempts from them are counted apart from everybody else's.

As in OWASP's "device cookies". The cookie is signed and lets nobody in by itself.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

COOKIE: Final = "siteflow_device"
KEPT_S: Final = 180 * 24 * 3600
MAX_ACCOUNTS: Final = 5  # of one device
_SALT: Final = "siteflow.accounts.devices"


def device_of(request: HttpRequest | None, username: str) -> str | None:
    """The number of this device, if this account logged in on it before."""
    return _known(request).get(_who(username))


def remember(request: HttpRequest, response: HttpResponseBase, username: str) -> None:
    known = _known(request)
    number = known.pop(_who(username), None) or secrets.token_urlsafe(12)
    kept = dict(list(known.items())[-MAX_ACCOUNTS + 1 :])
    response.set_cookie(
        COOKIE,
        signing.dumps({**kept, _who(username): number}, salt=_SALT),
        max_age=KEPT_S,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _known(request: HttpRequest | None) -> dict[str, str]:
    if request is None or COOKIE not in request.COOKIES:
        return {}
    try:
        known: dict[str, str] = signing.loads(request.COOKIES[COOKIE], salt=_SALT, max_age=KEPT_S)
    except signing.BadSignature:
        return {}
    return known


def _who(username: str) -> str:
    return hashlib.sha256(username.casefold().strip().encode()).hexdigest()[:24]
