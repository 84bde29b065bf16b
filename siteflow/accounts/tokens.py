"""API tokens: made, read and revoked. Random enough that a plain hash keeps them safe."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit.actor import Actor
from audit.record import record
from siteflow.accounts.access import TokenRefused
from siteflow.accounts.holds import is_as_checked
from siteflow.accounts.models import SCOPES, ApiToken

BEGINS_WITH: Final = "sf_"
_SHOWN: Final = 9  # characters that tell tokens apart
USED_EVERY: Final = timedelta(minutes=1)


class BadToken(Exception):
    """A token that cannot be made as asked for."""

    code, status = "invalid", 422

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.message, self.field = message, field


class ScopeMissing(Exception):
    code, status = "forbidden", 403
    message = "A token manages tokens only if it has the scope accounts."


class AccountChanged(TokenRefused):
    message = "The account is disabled, or its password was changed just now."


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make(
    user: User,
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    actor: Actor,
    by: ApiToken | None = None,
) -> tuple[ApiToken, str]:
    """A new token of the account's and its text, which is shown now and never again.

    ``by``: the token that asks for it; what it makes reaches no further than itself.
    Raises BadToken, ScopeMissing, AccountChanged.
    """
    now = timezone.now()
    _check(name.strip(), scopes, expires_at, now)
    if by is not None:
        expires_at = _within(by, scopes, expires_at)
    if not is_as_checked(user):
        raise AccountChanged
    text = BEGINS_WITH + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name.strip(),
        prefix=text[:_SHOWN],
        digest=digest(text),
        scopes=[scope for scope in SCOPES if scope in scopes],
        created_at=now,
        expires_at=expires_at,
    )
    _record(token, "add", actor)
    return token, text


def read(text: str, *, address: str | None) -> ApiToken:
    """The token, with its account, its use noted. Raises TokenRefused."""
    now = timezone.now()
    rows = ApiToken.objects.valid(now=now).select_related("user__profile")
    token = rows.filter(digest=digest(text)).first()
    if token is None:
        raise TokenRefused
    if token.last_used_at is None or token.last_used_at <= now - USED_EVERY:
        due = Q(last_used_at=None) | Q(last_used_at__lte=now - USED_EVERY)
        ApiToken.objects.filter(due, pk=token.pk).update(last_used_at=now, last_used_from=address)
    return token


def revoke(token: ApiToken, *, actor: Actor) -> None:
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        _record(token, "revoke", actor)


def _check(name: str, scopes: Sequence[str], expires_at: datetime | None, now: datetime) -> None:
    if not name:
        raise BadToken("Give the token a name that says what it is for.", "name")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise BadToken(f"Choose at least one scope out of {', '.join(SCOPES)}.", "scopes")
    if expires_at is not None and expires_at <= now:
        raise BadToken("This time has passed; choose a later one.", "expires_at")


def _within(by: ApiToken, scopes: Sequence[str], expires_at: datetime | None) -> datetime | None:
    if "accounts" not in by.scopes:
        raise ScopeMissing
    if not set(scopes) <= set(by.scopes):
        raise BadToken("A token makes no token with scopes it lacks itself.", "scopes")
    return min(filter(None, (expires_at, by.expires_at)), default=None)


def _record(token: ApiToken, verb: str, actor: Actor) -> None:
    record(
        phase="event",
        action=f"token.{verb}",
        status="succeeded",
        actor=actor,
        target_type="token",
        target_id=token.pk,
        target_name=f"{token.name} of {token.user.get_username()}",
        after={"scopes": token.scopes, "expires_at": token.expires_at} if verb == "add" else None,
    )
