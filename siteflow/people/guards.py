"""What nobody may do to an account, whoever asks: console or command."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from audit.actor import Actor
from sites.rights import Viewer, may

BUILT_IN: Final = ("viewer", "operator", "admin")
_CHANGE, _GIVE = "auth.change_user", "sites.manage_grant"


class AccountError(Exception):
    """What was asked cannot be done to this account; ``field`` is the input that is wrong."""

    code, status = "invalid", 422

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message, self.field = message, field


class LastManager(AccountError):
    code, status = "last_admin", 409

    def __init__(self) -> None:
        super().__init__(
            "Nobody would be left who manages accounts, so nothing was changed. "
            "Give another active account the role admin for everything first."
        )


class OwnAccount(AccountError):
    code, status = "own_account", 409


def keep_a_manager() -> None:
    """Last in a transaction, after its entry in the audit: that lets one such change in at a time.

    Raises LastManager.
    """
    if not any(manages_accounts(user) for user in _candidates().iterator(chunk_size=20)):
        raise LastManager


def manages_accounts(user: User) -> bool:
    return may(user, _CHANGE) and may(user, _GIVE)


def _candidates() -> QuerySet[User]:
    """Few of many accounts: those that can be reached by a role which lets give roles."""
    wanted = Q(is_superuser=True)
    for way in ("groups", "grant__role", "groups__grant__role"):
        wanted |= Q(**{f"{way}__permissions__codename": "manage_grant"})
    wanted |= Q(user_permissions__codename="manage_grant")
    keys = User.objects.filter(wanted, is_active=True).values("pk")
    return User.objects.filter(pk__in=keys).order_by("-is_superuser", "pk")


def within_reach(visitor: Viewer, user: User | None) -> bool:
    """Whether the rights of whoever asks are enough to change this account at all.

    Who sets an account's password could log in as it: so an account that gives roles is changed
    only by one that gives roles, and a superuser only by a superuser.
    """
    if user is None or getattr(visitor, "is_superuser", False):
        return True
    return not user.is_superuser and (may(visitor, _GIVE) or not may(user, _GIVE))


def not_ones_own(user: User, actor: Actor, message: str) -> None:
    if actor.user_id == user.pk:
        raise OwnAccount(message)
