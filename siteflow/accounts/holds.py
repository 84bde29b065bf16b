"""What an account has to do before it may do anything else."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q

from siteflow.accounts.models import Profile
from sites.models import Grant

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class Held(Exception):
    """Logged in, but not let in yet. ``page`` is where it can be done."""

    status = 403
    code: str
    message: str
    page: str


class PasswordChangeRequired(Held):
    code = "password_change_required"
    message = "This account's password must be changed first, in the console."
    page = "account_change_password"


class SecondFactorRequired(Held):
    code = "second_factor_required"
    message = "This account's role needs a second factor: set one up in the console."
    page = "mfa_index"


def hold_of(user: User | AnonymousUser) -> Held | None:
    """What stands between a logged-in account and everything else, if anything does."""
    if not user.is_authenticated:
        return None
    if must_change_password(user):
        return PasswordChangeRequired()
    if needs_second_factor(user) and not has_second_factor(user):
        return SecondFactorRequired()
    return None


def must_change_password(user: User) -> bool:
    try:
        return bool(user.profile.must_change_password)
    except Profile.DoesNotExist:
        return False


def needs_second_factor(user: User) -> bool:
    """Whether one of the account's roles asks for it, be it for a single host only."""
    roles = settings.SECOND_FACTOR_ROLES
    if not roles:
        return False
    if user.is_superuser and "admin" in roles:
        return True
    if user.groups.filter(name__in=roles).exists():
        return True
    granted = Grant.objects.filter(Q(user=user) | Q(group__user=user), role__name__in=roles)
    return granted.exists()


def has_second_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists())


def is_as_checked(user: User) -> bool:
    """Whether its password is the one that was read with it, and it is not disabled.

    Locks the account until the transaction ends: what is begun in it is there when a new password
    or the disabling of the account ends everything, or is not begun at all.
    """
    rows = User.objects.select_for_update(no_key=True).filter(pk=user.pk)
    return bool(rows.filter(password=user.password, is_active=True).values_list("pk"))


def let_in(user: User) -> User:
    """The account. Raises Held."""
    if hold := hold_of(user):
        raise hold
    return user
