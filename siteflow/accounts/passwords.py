"""A new password ends what came in by the old one, however it was changed.

Django tells its password validators of every password that is set and saved (not of a hash that
is only made anew with a newer hasher), in the console as by ``manage.py changepassword``.
"""

from __future__ import annotations

from django.contrib.auth.models import User

from siteflow.accounts.endings import end_everything
from siteflow.accounts.models import Profile


class EndsOldLogins:
    """Stands among AUTH_PASSWORD_VALIDATORS and refuses no password."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Anything goes: the others judge it."""

    def password_changed(self, password: str, user: User | None = None) -> None:
        if user is None or user.pk is None:
            return
        Profile.objects.filter(user=user).update(must_change_password=False)
        end_everything(user, why="password changed")

    def get_help_text(self) -> str:
        return "A new password ends all other logins and revokes this account's tokens."
