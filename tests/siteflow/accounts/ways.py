"""What tests of the ways in share: logging in, codes as an app shows them, requests by a token."""

from __future__ import annotations

import time
from typing import Any, Final

from allauth.core import context
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from siteflow.accounts.models import Profile

LOGIN: Final = "/admin/login/"
SECRET: Final = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def log_in(client: Client, name: str, password: str | None = None, **headers: Any) -> Any:
    form = {"username": name, "password": password or f"{name}'s own", "next": "/admin/"}
    return client.post(LOGIN, form, **headers)


def token_login(
    client: Client, name: str, password: str | None = None, *, agent: str = "", **more: Any
) -> Any:
    body = {"username": name, "password": password or f"{name}'s own", **more}
    headers = {"User-Agent": agent}
    return client.post("/api/auth/token", body, "application/json", headers=headers)


def by(text: str) -> Client:
    """A program that sends a token with each request and has no cookies."""
    return Client(headers={"Authorization": f"Bearer {text}"}, enforce_csrf_checks=True)


def give_app(user: User) -> list[str]:
    """Sets up an authenticator app; the recovery codes."""
    with context.request_context(RequestFactory().get("/")):
        TOTP.activate(user, SECRET)
        return list(RecoveryCodes.activate(user).generate_codes())


def code(*, step: int = 0) -> str:
    return str(format_hotp_value(hotp_value(SECRET, int(time.time()) // 30 + step)))


def next_step(user: User) -> None:
    """As if the last code had been used some steps ago."""
    Profile.objects.filter(user=user).update(totp_counter=0)
