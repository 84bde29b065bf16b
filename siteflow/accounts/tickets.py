"""Tickets for sockets: thirty seconds, one use, the rights of whoever asked."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from django.utils import timezone

from siteflow.accounts.access import TokenRefused
from siteflow.accounts.credentials import Credential
from siteflow.accounts.models import Login, Ticket
from siteflow.accounts.tokens import digest

LASTS: Final = timedelta(seconds=30)


def issue(credential: Credential) -> str:
    """A new ticket of this login or token. Raises TokenRefused."""
    now = timezone.now()
    Ticket.objects.filter(expires_at__lt=now).delete()
    text = secrets.token_urlsafe(32)
    owner: dict[str, object]
    if credential.kind == "token":
        owner = {"token_id": int(credential.key)}
    elif credential.kind == "login":
        owner = {"login_id": credential.key}
    else:
        login = Login.objects.filter(session_key=credential.key, ended_at=None).first()
        if login is None:  # it was ended while this request was on its way
            raise TokenRefused
        owner = {"login": login}
    Ticket.objects.create(digest=digest(text), expires_at=now + LASTS, **owner)
    return text


def use(text: str) -> Credential | None:
    """What the ticket stands for; None when there is no such ticket, any longer."""
    rows = Ticket.objects.filter(digest=digest(text), expires_at__gt=timezone.now())
    ticket = rows.select_related("login").first()
    # Of several processes that found it, one deletes it.
    if ticket is None or not rows.delete()[0]:
        return None
    if ticket.token_id is not None:
        return Credential("token", str(ticket.token_id))
    assert ticket.login is not None  # noqa: S101  (for the type checker)
    if ticket.login.kind == Login.Kind.BROWSER:
        return Credential("session", ticket.login.session_key)
    return Credential("login", str(ticket.login.pk))
