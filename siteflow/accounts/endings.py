"""Ending every way in of an account at once: logins, tokens, and with them their sockets."""

from __future__ import annotations

from allauth.core import context
from django.contrib.auth.models import User
from django.utils import timezone

from audit.actor import Actor
from audit.record import record
from siteflow.accounts import logins
from siteflow.accounts.models import ApiToken, Login


def end_everything(
    user: User, *, why: str, actor: Actor | None = None, keep_session: str = "", tokens: bool = True
) -> int:
    """Ends the account's logins and revokes its tokens; how many. ``keep_session``: but this row's.

    Sockets notice at their next look, within five seconds.
    """
    now = timezone.now()
    open_ones = Login.objects.filter(user=user).open(now=now)
    ended = [one for one in open_ones if not keep_session or one.session_key != keep_session]
    for login in ended:
        logins.end(login)
    revoked = (
        ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=now) if tokens else 0
    )
    if ended or revoked:
        record(
            phase="event",
            action="auth.ended_everywhere",
            status="succeeded",
            actor=actor or whoever_asks(),
            target_type="user",
            target_id=user.pk,
            target_name=user.get_username(),
            after={"why": why, "logins": len(ended), "programs": revoked},
        )
    return len(ended) + revoked


def whoever_asks() -> Actor:
    """The sender of the request that is being answered; else somebody at the command line."""
    request = context.request
    return Actor.of_request(request, "console") if request else Actor.of_command()
