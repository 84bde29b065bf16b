"""The last step of a login in the console, after the second factor."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.models import Login
from allauth.account.stages import LoginStage
from allauth.core.internal.httpkit import headed_redirect_response
from django.contrib.auth.models import User

_CHECKED: Final = "password_checked"


def begun_by_password(user: User, redirect_url: str | None) -> Login:
    """A login whose password was just found right."""
    state = {_CHECKED: user.get_session_auth_hash()}
    return Login(user=user, redirect_url=redirect_url, state=state)


class StillTheSame(LoginStage):  # type: ignore[misc]
    """Between password and code may lie minutes: in which the password was changed, perhaps, or
    the account disabled, because somebody else knew it.
    """

    key = "still_the_same"

    def handle(self) -> tuple[Any, bool]:
        user, checked = self.login.user, self.login.state.get(_CHECKED)
        if user.is_active and checked in (None, user.get_session_auth_hash()):
            return None, True
        return headed_redirect_response("account_login"), False
