"""Logins of programs: a short JSON web token to act with, and a longer one to get the next.

Each refresh token counts once. One that comes a second time was stolen, or the one that came
first was: whoever holds either, the whole login ends.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from audit.actor import Actor
from audit.record import record
from siteflow.accounts import logins
from siteflow.accounts.holds import let_in
from siteflow.accounts.models import Login

ACCESS: Final = timedelta(minutes=5)
REFRESH: Final = timedelta(days=14)
_ALGORITHM: Final = "HS256"


class TokenRefused(Exception):
    """Forged, expired, revoked, of an ended login or a disabled account: all the same answer."""

    code, status = "token_refused", 401
    message = "This token is not valid, or no longer. Log in again."


@dataclass(frozen=True)
class Pair:
    access: str
    refresh: str
    expires_in: int


def start(request: HttpRequest, user: User) -> Pair:
    """A new login, of an account whose password and second factor were just checked."""
    login = logins.begin(request, user, kind=Login.Kind.PROGRAM, lasts=REFRESH)
    Login.objects.filter(pk=login.pk).update(refresh_id=login.pk)
    return _pair(login, login.pk, timezone.now())


def rotate(request: HttpRequest, refresh: str) -> Pair:
    """The next pair; the given refresh token is used up. Raises TokenRefused, Held."""
    claims = _claims(refresh, "refresh")
    now = timezone.now()
    login = _open_login(claims, now)
    let_in(login.user)
    fresh = uuid.uuid4()
    mine = Login.objects.open(now=now).filter(pk=login.pk, refresh_id=claims["jti"])
    if not mine.update(refresh_id=fresh, last_seen_at=now, expires_at=now + REFRESH):
        logins.end(login)
        _record_reuse(request, login)
        raise TokenRefused
    return _pair(login, fresh, now)


def revoke(refresh: str) -> Login | None:
    """Ends the login of a refresh token; the login. One that is no longer valid is none."""
    try:
        login = _open_login(_claims(refresh, "refresh"), timezone.now())
    except TokenRefused:
        return None
    logins.end(login)
    return login


def login_of(access: str) -> Login:
    """The login an access token belongs to, with its account. Raises TokenRefused."""
    return _open_login(_claims(access, "access"), timezone.now())


def _open_login(claims: dict[str, Any], now: datetime) -> Login:
    rows = Login.objects.open(now=now).select_related("user__profile")
    login = rows.filter(pk=claims["sid"], kind=Login.Kind.PROGRAM, user__is_active=True).first()
    if login is None:
        raise TokenRefused
    return login


def _pair(login: Login, refresh_id: uuid.UUID, now: datetime) -> Pair:
    return Pair(
        access=_signed(login, "access", uuid.uuid4(), now, ACCESS),
        refresh=_signed(login, "refresh", refresh_id, now, REFRESH),
        expires_in=int(ACCESS.total_seconds()),
    )


def _signed(login: Login, use: str, number: uuid.UUID, now: datetime, lasts: timedelta) -> str:
    claims = {"sub": str(login.user_id), "sid": str(login.pk), "jti": str(number), "use": use}
    return jwt.encode({**claims, "iat": now, "exp": now + lasts}, _key(), algorithm=_ALGORITHM)


def _claims(token: str, use: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            token, _key(), algorithms=[_ALGORITHM], options={"require": ["exp", "sid", "jti"]}
        )
        uuid.UUID(claims["sid"]), uuid.UUID(claims["jti"])
    except (jwt.PyJWTError, ValueError) as error:
        raise TokenRefused from error
    if claims.get("use") != use:
        raise TokenRefused
    return claims


def _key() -> bytes:
    """Of its own purpose: nothing else signed with SECRET_KEY can be taken for such a token."""
    return salted_hmac("siteflow.accounts.access", "key", algorithm="sha256").digest()


def _record_reuse(request: HttpRequest, login: Login) -> None:
    record(
        phase="event",
        action="auth.refresh_reused",
        status="refused",
        actor=Actor.of_request(request, "api"),
        target_type="user",
        target_id=login.user_id,
        target_name=login.user.get_username(),
        error="A refresh token came a second time; its login is ended.",
        error_code=TokenRefused.code,
    )
