"""Logins, logouts and failed attempts, put on record.

Django tells about these by signals only, and from one place for every way to log in, so this is
the one place where SiteFlow listens to signals. If the entry cannot be written, the login fails.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from audit.masking import cap_line
from audit.models import Phase, Source, Status
from audit.record import Actor, record

# What people type into the name field may be anything, now and then their password.
MAX_TYPED_NAME = 150


def connect() -> None:
    """Called once, when the app is ready."""
    user_logged_in.connect(_logged_in, dispatch_uid="audit.logins")
    user_logged_out.connect(_logged_out, dispatch_uid="audit.logins")
    user_login_failed.connect(_login_failed, dispatch_uid="audit.logins")


def _logged_in(*, request: HttpRequest | None, user: AbstractBaseUser, **_: Any) -> None:
    _record("auth.login", Status.SUCCEEDED, request, user)


def _logged_out(*, request: HttpRequest | None, user: AbstractBaseUser | None, **_: Any) -> None:
    if user is not None:  # logging out without being logged in is nothing
        _record("auth.logout", Status.SUCCEEDED, request, user)


def _login_failed(
    *, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    typed = str(credentials.get(get_user_model().USERNAME_FIELD) or "")
    record(
        phase=Phase.EVENT,
        action="auth.login_failed",
        status=Status.FAILED,
        actor=_actor(request),
        target_type="user",
        target_name=cap_line(typed, MAX_TYPED_NAME),
    )


def _record(
    action: str, status: Status, request: HttpRequest | None, user: AbstractBaseUser
) -> None:
    record(
        phase=Phase.EVENT,
        action=action,
        status=status,
        actor=_actor(request),
        target_type="user",
        target_id=user.pk,
        target_name=user.get_username(),
    )


def _actor(request: HttpRequest | None) -> Actor:
    if request is None:
        return Actor.system("login")
    is_api = request.path.startswith("/api/")
    return Actor.of_request(request, Source.API if is_api else Source.CONSOLE)
