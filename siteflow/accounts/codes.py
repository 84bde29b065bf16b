"""Codes of the second factor: from an authenticator app, or one of the recovery codes."""

from __future__ import annotations

import hmac
import time

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.contrib.auth.models import User
from django.http import HttpRequest

from audit.actor import Actor
from audit.record import record
from siteflow.accounts.devices import device_of
from siteflow.accounts.models import Profile
from siteflow.accounts.throttle import attempt


def check_code(request: HttpRequest, user: User, code: str) -> Authenticator | None:
    """What the code belongs to, once; None when it is wrong. Raises Throttled."""
    name = user.get_username()
    counted = attempt(request, what="code", name=name, device=device_of(request, name))
    code = "".join(code.split())
    for kept in Authenticator.objects.filter(user_id=user.pk):
        if kept.type == Authenticator.Type.TOTP:
            right = _use_totp(kept, code)
        else:
            right = kept.type == Authenticator.Type.RECOVERY_CODES and kept.wrap().validate_code(
                code
            )
        if right:
            counted.succeeded()
            return kept
    _record_failure(request, user)
    return None


def _use_totp(kept: Authenticator, code: str) -> bool:
    """RFC 6238: the step before and after count, too, and no step counts twice."""
    secret = decrypt(kept.data["secret"])
    now = int(time.time()) // app_settings.TOTP_PERIOD
    off = app_settings.TOTP_TOLERANCE
    for counter in range(now - off, now + off + 1):
        expected = format_hotp_value(hotp_value(secret, counter))
        if hmac.compare_digest(expected.encode(), code.encode()):
            Profile.objects.get_or_create(user_id=kept.user_id)
            unused = Profile.objects.filter(user_id=kept.user_id, totp_counter__lt=counter)
            return bool(unused.update(totp_counter=counter))
    return False


def _record_failure(request: HttpRequest, user: User) -> None:
    record(
        phase="event",
        action="auth.code_failed",
        status="failed",
        actor=Actor.of_request(request, "api" if request.path.startswith("/api/") else "console"),
        target_type="user",
        target_id=user.pk,
        target_name=user.get_username(),
    )
