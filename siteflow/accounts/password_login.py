"""Logging in by a name, a password and, where the account has one, a code."""

from __future__ import annotations

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from audit.actor import Actor
from audit.record import record
from siteflow.accounts.access import Pair, start
from siteflow.accounts.codes import check_code
from siteflow.accounts.holds import has_second_factor, is_as_checked, let_in


class WrongPassword(Exception):
    """Unknown, disabled and wrong are one answer."""

    code, status = "wrong_password", 401
    message = "User name and password do not match."


class CodeMissing(Exception):
    code, status = "second_factor_required", 401
    message = "Send code, too: from the authenticator app, or a recovery code."


class WrongCode(Exception):
    code, status, field = "wrong_code", 401, "code"
    message = "This code is not right, or was used before. Wait for the next one."


def log_in(request: HttpRequest, *, username: str, password: str, code: str) -> Pair:
    """A program's login. Raises WrongPassword, CodeMissing, WrongCode, Held, Throttled."""
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        raise WrongPassword
    let_in(user)
    if has_second_factor(user):
        if not code:
            raise CodeMissing
        if check_code(request, user, code) is None:
            raise WrongCode
    return _logged_in(request, user)


@transaction.atomic
def _logged_in(request: HttpRequest, user: User) -> Pair:
    if not is_as_checked(user):
        raise WrongPassword
    request.user = user
    request.logged_in_now = user.get_username()  # type: ignore[attr-defined]
    pair = start(request, user)
    User.objects.filter(pk=user.pk).update(last_login=timezone.now())
    record(
        phase="event",
        action="auth.login",
        status="succeeded",
        actor=Actor.of_request(request, "api"),
        target_type="user",
        target_id=user.pk,
        target_name=user.get_username(),
    )
    return pair
