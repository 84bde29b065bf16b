"""Beginning, seeing and ending logins.

Django tells about browsers' logins by signals only, and from one place for every way in, so they
are listened to here, as the audit does.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest
from django.utils import timezone

from audit.actor import Actor
from audit.masking import cap_line
from siteflow.accounts.models import Login
from siteflow.accounts.session_store import SessionStore, stored

SEEN_EVERY_S: Final = 60
_MAX_REMEMBERED: Final = 10_000
_seen: OrderedDict[str, float] = OrderedDict()  # session → when its row was last written


def connect() -> None:
    """Called once, when the app is ready."""
    user_logged_in.connect(_logged_in, dispatch_uid="accounts.logins")
    user_logged_out.connect(_logged_out, dispatch_uid="accounts.logins")


def begin(
    request: HttpRequest, user: User, *, kind: str, lasts: timedelta, session_key: str = ""
) -> Login:
    now = timezone.now()
    actor = Actor.of_request(request, "")
    Login.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()
    return Login.objects.create(
        user=user,
        kind=kind,
        session_key=session_key,
        address=actor.remote_addr,
        agent=cap_line(actor.user_agent, 400),
        created_at=now,
        last_seen_at=now,
        expires_at=now + lasts,
    )


def begin_session(request: HttpRequest, user: User) -> Login:
    """Notes a browser's session, which has just begun or has a new key."""
    if request.session.session_key is None:
        request.session.save()
    key = stored(request.session.session_key)
    lasts = timedelta(seconds=request.session.get_expiry_age())
    SessionStore.clear_expired()
    Login.objects.filter(session_key=key, ended_at=None).update(ended_at=timezone.now())
    _note(key)
    return begin(request, user, kind=Login.Kind.BROWSER, lasts=lasts, session_key=key)


def seen(session_key: str | None) -> None:
    """A browser's request: its login was used now. Written once a minute at most."""
    key = stored(session_key)
    if not key or time.monotonic() - _seen.get(key, -1e9) < SEEN_EVERY_S:
        return
    _note(key)
    now = timezone.now()
    before = now - timedelta(seconds=SEEN_EVERY_S)
    Login.objects.filter(session_key=key, ended_at=None, last_seen_at__lt=before).update(
        last_seen_at=now
    )


def _note(session_key: str) -> None:
    _seen[session_key] = time.monotonic()
    _seen.move_to_end(session_key)
    if len(_seen) > _MAX_REMEMBERED:
        _seen.popitem(last=False)


def end(login: Login) -> None:
    """From now on it lets nobody in; a socket that came by it is closed within seconds."""
    Login.objects.filter(pk=login.pk, ended_at=None).update(ended_at=timezone.now())
    if login.session_key:
        SessionStore.end(login.session_key)


def _logged_in(*, request: HttpRequest | None, user: User, **_: Any) -> None:
    if request is not None and hasattr(request, "session"):
        # A time, not a span: else each change of the session would make it outlast its row.
        lasts = timedelta(seconds=settings.SESSION_COOKIE_AGE)
        request.session.set_expiry(timezone.now() + lasts)
        begin_session(request, user)
        request.logged_in_now = user.get_username()  # type: ignore[attr-defined]


def _logged_out(*, request: HttpRequest | None, **_: Any) -> None:
    session = getattr(request, "session", None)
    if session is not None and session.session_key:
        Login.objects.filter(session_key=stored(session.session_key), ended_at=None).update(
            ended_at=timezone.now()
        )
